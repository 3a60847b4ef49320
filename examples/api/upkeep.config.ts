import { defineConfig } from 'upkeep'

export default defineConfig({
  apps: [
    {
      name: 'api',
      script: 'src/server.ts',
      instances: 'max',
      ready: { timeout: '20s' },
      stop: { timeout: '10s' },
      env: { PORT: process.env.PORT ?? '3000' },
    },
  ],
})

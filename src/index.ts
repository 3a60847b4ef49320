export { type ConfigContext, type ConfigExport, defineConfig } from './config/define-config.ts'
export type { UserApp } from './config/schema/app.ts'
export type { UserConfig } from './config/schema/user-config.ts'

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canConnect } from './ask.js'
import { freePort, until } from './built.js'

export function hasNginx() {
  return spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0
}

export function nginxVersion() {
  const { stderr } = spawnSync('nginx', ['-v'], { encoding: 'utf8' })
  return /nginx\/(\S+)/.exec(stderr ?? '')?.[1]
}

/** A private nginx in front of one port, with keep-alive connections to the app and the defaults for everything else. */
export class Nginx {
  #folder = mkdtempSync(join(tmpdir(), 'upkeep-bench-nginx-'))
  #child
  port = 0

  async start(appPort) {
    this.port = await freePort()
    writeFileSync(join(this.#folder, 'nginx.conf'), config(this.#folder, this.port, appPort))
    this.#child = spawn('nginx', ['-p', this.#folder, '-c', 'nginx.conf', '-e', 'error.log'], {
      stdio: 'inherit',
    })
    await until(() => canConnect(this.port))
  }

  async close() {
    if (this.#child !== undefined && this.#child.exitCode === null) {
      this.#child.kill('SIGTERM')
      await once(this.#child, 'exit')
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function config(folder, port, appPort) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off;
${process.getuid() === 0 ? 'user root;' : ''}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  upstream app {
    server 127.0.0.1:${appPort};
    keepalive 32;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://app;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`
}

/** The API behind all products: one JSON document of 1 KB under one path. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, freePort, programPath, startChild, waitForPort } from '../children.ts'
import { nginxUser } from '../peers/nginx.ts'

export interface Upstream extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** The document that it serves, byte for byte. */
  readonly body: string
  /** What it is: products are compared on the same one only. */
  readonly kind: string
}

/** Where the document is, on the upstream and on every product. */
export const itemPath = '/v1/item'

/** Starts nginx with a static file, or a responder of our own where nginx is missing. */
export async function startUpstream(folder: string): Promise<Upstream> {
  const port = await freePort()
  const body = document()
  const bodyPath = join(folder, 'item')
  writeFileSync(bodyPath, body)
  const nginx = programPath('nginx')
  const child = nginx === null ? startRaw({ port, folder, bodyPath }) : startNginx(nginx, { port, folder })
  await waitForPort(port, child)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    body,
    kind: nginx === null ? 'raw Node responder' : 'nginx, static file',
    [Symbol.asyncDispose]: async () => child[Symbol.asyncDispose](),
  }
}

/** 1024 bytes of JSON. */
function document(): string {
  const head = '{"id":"ord_7Q2M","state":"paid","total":{"amount":12990,"currency":"EUR"},"items":['
  const item = '{"sku":"A-1042","name":"Reference item","quantity":2,"price":4330}'
  const tail = '],"note":""}'
  const items = Array.from({ length: 13 }, () => item).join(',')
  const room = 1024 - head.length - items.length - tail.length
  return `${head}${items}],"note":"${'x'.repeat(room)}"}`
}

function startRaw({ port, folder, bodyPath }: { port: number; folder: string; bodyPath: string }): Child {
  const program = new URL('raw-upstream.ts', import.meta.url).pathname
  return startChild([process.execPath, program, String(port), bodyPath], {
    core: 'load',
    logPath: join(folder, 'upstream.log'),
  })
}

function startNginx(nginx: string, { port, folder }: { port: number; folder: string }): Child {
  const configPath = join(folder, 'upstream.conf')
  writeFileSync(
    configPath,
    `daemon off;
${nginxUser()}
worker_processes 1;
pid ${folder}/upstream.pid;
error_log ${folder}/upstream-error.log error;
events { worker_connections 4096; }
http {
  access_log off;
  default_type application/json;
  open_file_cache max=10;
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/upstream-body;
  proxy_temp_path ${folder}/upstream-proxy;
  fastcgi_temp_path ${folder}/upstream-fastcgi;
  uwsgi_temp_path ${folder}/upstream-uwsgi;
  scgi_temp_path ${folder}/upstream-scgi;
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location = ${itemPath} { alias ${folder}/item; }
  }
}
`,
  )
  return startChild([nginx, '-c', configPath], { core: 'load', logPath: join(folder, 'upstream.log') })
}

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, programPath, startChild, waitForPort } from '../children.ts'
import { peerKey, type Product, productOf, type ProductPlan, type Workbench } from './product.ts'

/** nginx with what an operator would build from its own modules: a map of keys, limit_req per key, a JSON access log. */
export const nginx: ProductPlan = {
  name: 'nginx',
  does: 'key map, limit_req, JSON log buffered 64 KiB, 1 worker',
  asksForKey: true,
  forBars: false,
  debianPackage: 'nginx',
  start,
}

/** Its workers must read the run's folder, which only we can. */
export function nginxUser(): string {
  return process.getuid?.() === 0 ? 'user root;' : ''
}

async function start({ upstream, folder }: Workbench): Promise<Product> {
  const port = await freePort()
  const configPath = join(folder, 'nginx.conf')
  writeFileSync(configPath, configOf({ port, folder, upstreamPort: upstream.port }))
  const command = [programPath('nginx') ?? 'nginx', '-c', configPath]
  const child = startChild(command, { core: 'product', logPath: join(folder, 'nginx.log') })
  await waitForPort(port, child)
  return productOf(child, { port, key: peerKey })
}

function configOf({ port, folder, upstreamPort }: { port: number; folder: string; upstreamPort: number }): string {
  return `daemon off;
${nginxUser()}
worker_processes 1;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log error;
events { worker_connections 4096; }
http {
  keepalive_timeout 1h;
  keepalive_requests 1000000000;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map_hash_bucket_size 128;
  map $http_x_api_key $consumer { default ""; "${peerKey}" "bench"; }
  limit_req_zone $consumer zone=per_consumer:10m rate=1000000r/s;
  limit_req_status 429;
  log_format json escape=json '{"time":"$time_iso8601","id":"$request_id","peer":"$remote_addr","port":"$remote_port",'
    '"method":"$request_method","scheme":"$scheme","protocol":"$server_protocol","host":"$host","path":"$uri",'
    '"query":"$args","userAgent":"$http_user_agent","consumer":"$consumer","status":"$status","bytes":"$body_bytes_sent",'
    '"requestBytes":"$request_length","limit":"$limit_req_status","upstream":"$upstream_addr",'
    '"upstreamStatus":"$upstream_status","upstreamTime":"$upstream_header_time","time":"$request_time"}';
  access_log ${folder}/access.log json buffer=64k flush=1s;
  upstream api { server 127.0.0.1:${upstreamPort}; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 1h; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    location / {
      if ($consumer = "") { return 401; }
      limit_req zone=per_consumer burst=100000 nodelay;
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_set_header X-API-Key "";
    }
  }
}
`
}

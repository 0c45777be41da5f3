/** Program: `http-proxy-3` with a keep-alive agent as wide as the load. Arguments: port, upstream. */
import { Agent } from 'node:http'
import { createProxyServer } from 'http-proxy-3'

const [port, target] = process.argv.slice(2)
const agent = new Agent({ keepAlive: true, maxSockets: 128, maxFreeSockets: 128 })
const server = createProxyServer({ target: target ?? '', agent })
server.on('error', (error, _request, response) => {
  process.stderr.write(`${error.message}\n`)
  response.destroy()
})
server.listen(Number(port), '127.0.0.1')

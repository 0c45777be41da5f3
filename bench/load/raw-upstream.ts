/**
 * The upstream where nginx is missing: answers every request head with the same bytes, on plain sockets, so that it costs
 * less than what stands in front of it. For GET without a body only; not an HTTP server.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const [port, bodyPath] = process.argv.slice(2)
const body = readFileSync(bodyPath ?? '', 'latin1')
const answer = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
const headEnd = '\r\n\r\n'

createServer({ noDelay: true }, (socket) => {
  let pending = ''
  socket.setEncoding('latin1')
  socket.on('error', () => socket.destroy())
  socket.on('data', (text: string) => {
    const heads = (pending + text).split(headEnd)
    pending = heads.pop() ?? ''
    if (heads.length > 0) socket.write(answer.repeat(heads.length), 'latin1')
  })
}).listen(Number(port), '127.0.0.1')

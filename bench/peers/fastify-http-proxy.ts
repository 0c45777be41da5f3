/** Program: `@fastify/http-proxy`, as its README shows it, with an undici pool as wide as the load. Arguments: port, upstream. */
import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const [port, upstream] = process.argv.slice(2)
const app = Fastify({ logger: false })
await app.register(proxy, {
  upstream: upstream ?? '',
  undici: { connections: 128, pipelining: 1, keepAliveTimeout: 600_000 },
})
await app.listen({ port: Number(port), host: '127.0.0.1' })

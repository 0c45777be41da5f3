import tailwind from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { defineConfig, type Plugin, type ProxyOptions, type UserConfig } from 'vite'

const root = fileURLToPath(new URL('.', import.meta.url))
const outDir = join(root, 'dist')
/** While one works on the console: the admin API that it asks, and the token to ask with where nobody signs in. */
const admin = process.env['GATEHOUSE_ADMIN'] ?? 'http://127.0.0.1:8090'
const token = process.env['GATEHOUSE_TOKEN']

const api: ProxyOptions = {
  target: admin,
  changeOrigin: true,
  headers: { origin: admin, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
}

const config: UserConfig = defineConfig({
  root,
  plugins: [react(), tailwind(), packed()],
  resolve: { alias: { 'gatehouse/verify': fileURLToPath(new URL('../src/verify.ts', import.meta.url)) } },
  build: {
    outDir,
    emptyOutDir: true,
    target: 'es2022',
    // The policy of the console allows no font or script from a data: URL.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 400,
  },
  worker: { format: 'es' },
  server: {
    fs: { allow: [fileURLToPath(new URL('..', import.meta.url))] },
    proxy: { '^/v1/': api, '^/ledger/(?:access|audit)/.': api, '^/openapi.json$': api },
  },
})

// oxlint-disable-next-line import/no-default-export -- Vite reads nothing else
export default config

/** Compresses everything beforehand, and ends with `index.html`, by whose time a server sees that there is a new build. */
function packed(): Plugin {
  return {
    name: 'packed',
    apply: 'build',
    closeBundle: () => {
      for (const entry of readdirSync(outDir, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !/\.(?:js|css|html|svg|json)$/.test(entry.name)) continue
        const path = join(entry.parentPath, entry.name)
        const plain = readFileSync(path)
        writeFileSync(`${path}.gz`, gzipSync(plain, { level: 9 }))
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length }
        writeFileSync(`${path}.br`, brotliCompressSync(plain, { params }))
      }
      utimesSync(join(outDir, 'index.html'), new Date(), new Date())
    },
  }
}

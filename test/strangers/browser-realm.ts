/**
 * Loads `gatehouse/verify` as a browser would: with the language and WebCrypto and nothing of Node, and verifies what it is
 * given. Started with `--experimental-vm-modules`; reads `{ vkey, proof, files }` as JSON, bytes in base64, from its input.
 */
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { createContext, type Module, SourceTextModule } from 'node:vm'

interface Task {
  readonly vkey: string
  readonly proof: string
  readonly files: Readonly<Record<string, string>>
}

const task = JSON.parse(await text(process.stdin)) as Task // written by the test
const realm = createContext({ TextEncoder, TextDecoder, crypto, URL, AbortSignal, fetch: fetchFrom(task.files), task })
const modules = new Map<string, SourceTextModule>()

function load(url: string): SourceTextModule {
  const known = modules.get(url)
  if (known !== undefined) return known
  if (!url.startsWith('file:')) throw new Error(`A browser has no ${url}`)
  const made = new SourceTextModule(stripTypeScriptTypes(readFileSync(fileURLToPath(url), 'utf8')), {
    context: realm,
    identifier: url,
  })
  modules.set(url, made)
  return made
}

const resolve = (specifier: string, from: Module): SourceTextModule =>
  load(specifier.startsWith('.') ? new URL(specifier, from.identifier).href : specifier)

const page = new SourceTextModule(
  `import { verifyPublishedLog, verifyReceipt } from './verify.ts'
   const bytesOf = (base64) => Uint8Array.from(task.proof === '' ? [] : decode(base64))
   const decode = (base64) => {
     const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
     const bits = [...base64.replaceAll('=', '')].map((c) => digits.indexOf(c).toString(2).padStart(6, '0')).join('')
     return (bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2))
   }
   const report = await verifyPublishedLog({ url: 'https://log.example/ledger/access', vkey: task.vkey })
   const receipt = await verifyReceipt({ proof: bytesOf(task.proof), vkey: task.vkey })
   export const said = JSON.stringify({ verdict: report.verdict, size: report.size, faults: report.faults, index: receipt.index, publicPart: receipt.publicPart })`,
  { context: realm, identifier: new URL('../../src/page.ts', import.meta.url).href },
)
await page.link(resolve)
await page.evaluate()
process.stdout.write(`${(page.namespace as { said: string }).said}\n${[...modules.keys()].join('\n')}\n`)

/** Serves the log's files, as far as the verifier uses `fetch`. */
function fetchFrom(files: Readonly<Record<string, string>>): (url: URL) => Promise<Response> {
  return async (url) => {
    const content = files[url.pathname.replace('/ledger/access/', '')]
    return content === undefined ? new Response(null, { status: 404 }) : new Response(Buffer.from(content, 'base64'))
  }
}

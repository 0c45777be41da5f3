#!/usr/bin/env node
/**
 * The program. Plain JavaScript for any Node from 18 on: where this Node is too old for the product it starts itself again
 * with the one that came with the package, or says in one sentence what is needed.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import * as modules from 'node:module'
import { fileURLToPath } from 'node:url'

const [major, minor] = process.versions.node.split('.').map(Number)

if (major > 24 || (major === 24 && minor >= 12)) {
  keepCompiled()
  const { main } = await import(entry())
  process.exitCode = await main(process.argv.slice(2))
} else {
  const own = packagedNode()
  if (own === null) {
    process.stderr.write(
      `error: Gatehouse needs Node 24.12 or newer, this is ${process.versions.node}: run \`npm ci\`, which brings one, or install it\n`,
    )
    process.exitCode = 2
  } else {
    const child = spawn(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' })
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
    child.on('error', (error) => {
      process.stderr.write(`error: Cannot start ${own}: ${error.message}\n`)
      process.exitCode = 2
    })
    child.on('exit', (code, signal) => {
      process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
    })
  }
}

/** The sources in a checkout, the compiled program in a package (Node strips no types below node_modules). */
function entry() {
  const sources = new URL('../src/main.ts', import.meta.url)
  return existsSync(sources) && !import.meta.url.includes('/node_modules/')
    ? sources.href
    : new URL('../dist/main.js', import.meta.url).href
}

/**
 * Keeps what was compiled for the next start, in this process and in those that it starts: a third of the time until Gatehouse is
 * ready. Below node_modules, where whoever may write decides what runs anyway; nowhere where that folder is missing.
 */
function keepCompiled() {
  const below = fileURLToPath(new URL('../node_modules', import.meta.url))
  if (process.env.NODE_COMPILE_CACHE !== undefined || !existsSync(below)) return
  const folder = `${below}/.cache/gatehouse/compiled`
  if (modules.enableCompileCache(folder).status !== modules.constants.compileCacheStatus.ENABLED) return
  process.env.NODE_COMPILE_CACHE = folder
}

function packagedNode() {
  try {
    return modules.createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`)
  } catch {
    return null
  }
}

import { argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { GatehouseError } from '../core/mod.ts'

/** Argon2id with the parameters that OWASP names as the least; about 30 ms of one core and 19 MiB. */
const cost = { memory: 19_456, passes: 2, parallelism: 1 } as const
const saltBytes = 16
const hashBytes = 32

/** At once: more would let sign-ins that nobody is waiting for take the machine's memory and cores. */
const runsMax = 2
/** That may wait for their turn. */
const waitingMax = 16

/**
 * Hashes what a person chose, slowly on purpose. At most two run at once, and of those that wait for longer than that a few;
 * beyond it both throw `unreachable`.
 */
export interface Passwords {
  /** `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`, so that old hashes stay readable when the cost grows. */
  hash(password: string): Promise<string>
  /** Takes as long without a hash as with one: who asks does not learn whether there was any. */
  verify(password: string, kept: string | null): Promise<boolean>
}

export function openPasswords(): Passwords {
  const turns = openTurns()
  const run = async (password: string, { cost: chosen, salt }: Kept): Promise<Buffer> =>
    await turns(() => derive(password, chosen, salt))
  return {
    hash: async (password) => {
      const salt = randomBytes(saltBytes)
      return phcOf(salt, await run(password, { cost, salt, hash: salt }))
    },
    verify: async (password, kept) => {
      const known = kept === null ? nobody : parsePhc(kept)
      const hash = await run(password, known)
      return timingSafeEqual(hash, known.hash) && kept !== null
    },
  }
}

interface Kept {
  readonly cost: { readonly memory: number; readonly passes: number; readonly parallelism: number }
  readonly salt: Buffer
  readonly hash: Buffer
}

/** Stands in for a name that is not there. */
const nobody: Kept = { cost, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) }

function derive(password: string, chosen: Kept['cost'], salt: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  // One text may be typed in several ways (RFC 8265); all of them are one password.
  const parameters = { message: password.normalize('NFKC'), nonce: salt, tagLength: hashBytes, ...chosen }
  argon2('argon2id', parameters, (error, hash) => (error === null ? resolve(hash) : reject(error)))
  return promise
}

function phcOf(salt: Buffer, hash: Buffer): string {
  const { memory, passes, parallelism } = cost
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${bare(salt)}$${bare(hash)}`
}

function bare(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

const phc = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d)\$([A-Za-z0-9+/]{22})\$([A-Za-z0-9+/]{43})$/

function parsePhc(text: string): Kept {
  const [, memory, passes, parallelism, salt, hash] = phc.exec(text) ?? []
  if (salt === undefined || hash === undefined)
    throw new GatehouseError('store_unreadable', 'Cannot read the hash of a password: it has another form')
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

type Turns = <T>(work: () => Promise<T>) => Promise<T>

function openTurns(): Turns {
  const waiting: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= runsMax) {
      if (waiting.length >= waitingMax)
        throw new GatehouseError('unreachable', `Cannot check another password: ${waiting.length} are waiting`)
      // Who is let in takes over the place of the one that left.
      await new Promise<void>((resolve) => void waiting.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
}

import { GatehouseError } from '../../core/mod.ts'

/** `owner` may do everything, `auditor` may read everything and change nothing. */
export type AdminRole = 'owner' | 'auditor'

export const adminRoles: readonly AdminRole[] = ['owner', 'auditor']

/** Most administrators. */
export const adminsMax = 200

/** What a name looks like after `adminNameOf`; an address of electronic mail is one. */
export const adminNamePattern: RegExp = /^[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?$/

export const passwordCharsMin = 12
export const passwordCharsMax = 256

/** The name as it is kept: upper and lower case are one person. Throws `invalid_argument` for what is none. */
export function adminNameOf(text: string): string {
  const name = text.trim().toLowerCase()
  if (adminNamePattern.test(name)) return name
  const shown = JSON.stringify(text.slice(0, 64))
  throw new GatehouseError(
    'invalid_argument',
    `Cannot take the name ${shown}: up to 64 letters, digits and . _ @ -, beginning and ending with a letter or a digit`,
  )
}

/**
 * Why this password is too easily guessed for this name; null when it is not. Length is what counts (NIST SP 800-63B-4, 3.1.1.2):
 * nothing is asked of its characters.
 */
export function passwordFault(password: string, name: string): string | null {
  const chars = Array.from(password.normalize('NFKC'))
  if (chars.length < passwordCharsMin)
    return `A password has at least ${passwordCharsMin} characters, this has ${chars.length}`
  if (chars.length > passwordCharsMax) return `A password has at most ${passwordCharsMax} characters`
  const lower = chars.join('').toLowerCase()
  const rest = lower.replaceAll(name, '')
  if (rest !== lower && rest.length < passwordCharsMin / 2) return 'A password must not be made of the name'
  if (new Set(lower).size < 5) return 'A password of so few different characters is guessed at once'
  const letters = lower.replaceAll(/[^a-z]/g, '')
  if (commonest.has(letters) || isRun(lower) || commonest.has(lower))
    return 'This is one of the passwords that are tried first'
  return null
}

/** `123456789012`, `abcdefghijkl`, `qwertyuiopas`, and one short text again and again. */
function isRun(text: string): boolean {
  if (runs.some((run) => run.includes(text))) return true
  return [...Array(4).keys()].some((less) => {
    const part = text.slice(0, less + 1)
    return part.repeat(Math.ceil(text.length / part.length)).startsWith(text)
  })
}

const runs: readonly string[] = [
  '1234567890'.repeat(4),
  '0123456789'.repeat(4),
  '9876543210'.repeat(4),
  'abcdefghijklmnopqrstuvwxyz'.repeat(2),
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'q1w2e3r4t5y6u7i8o9p0',
  '1q2w3e4r5t6y7u8i9o0p',
]

/** The letters of what leads the lists of leaked passwords, and of what people make of this product's name. */
const commonest: ReadonlySet<string> = new Set([
  'password',
  'passwordpassword',
  'passwort',
  'passw',
  'passwd',
  'pwd',
  'qwerty',
  'qwertz',
  'qwertyuiop',
  'qwertyqwerty',
  'azerty',
  'admin',
  'adminadmin',
  'administrator',
  'root',
  'rootroot',
  'letmein',
  'letmeinplease',
  'welcome',
  'welcomehome',
  'changeme',
  'changemenow',
  'changethis',
  'changeit',
  'default',
  'secret',
  'topsecret',
  'test',
  'testtest',
  'testing',
  'trustnoone',
  'iloveyou',
  'iloveyouforever',
  'monkey',
  'dragon',
  'football',
  'baseball',
  'superman',
  'batman',
  'sunshine',
  'princess',
  'master',
  'shadow',
  'hello',
  'helloworld',
  'summer',
  'winter',
  'spring',
  'autumn',
  'abc',
  'abcd',
  'abcdef',
  'login',
  'guest',
  'user',
  'username',
  'company',
  'gatehouse',
  'gatehousegatehouse',
  'gatehouseadmin',
  'gatehousepassword',
  'correcthorsebatterystaple',
])

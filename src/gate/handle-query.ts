import { withoutSecrets } from '../core/mod.ts'

/** Parameter names whose values are secrets wherever they are met; matched in lower case, also as `x_name` or `x-name` endings. */
const secretNames: ReadonlySet<string> = new Set([
  'access_token',
  'api_key',
  'apikey',
  'auth',
  'authorization',
  'client_secret',
  'code',
  'credential',
  'id_token',
  'jwt',
  'key',
  'otp',
  'passwd',
  'password',
  'pin',
  'pwd',
  'refresh_token',
  'secret',
  'session',
  'sid',
  'sig',
  'signature',
  'token',
])

/** The query for the record: values of secret-looking parameters become `***`, and our own keys wherever they stand `gthk_***`. */
export function maskQuery(query: string): string {
  if (query === '') return ''
  const parts = query.split('&')
  for (const [index, part] of parts.entries()) {
    const equals = part.indexOf('=')
    if (equals > 0 && isSecret(part.slice(0, equals))) parts[index] = `${part.slice(0, equals)}=***`
  }
  return withoutSecrets(parts.join('&'))
}

function isSecret(rawName: string): boolean {
  const name = decoded(rawName).toLowerCase()
  if (secretNames.has(name)) return true
  const tail = name.slice(Math.max(name.lastIndexOf('-'), name.lastIndexOf('_')) + 1)
  return secretNames.has(tail) || secretNames.has(name.replaceAll('-', '_'))
}

function decoded(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

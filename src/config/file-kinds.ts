import { bad, good, type Kind } from './kinds.ts'

/**
 * The path of a PEM file that is read again when it changes; so the path stands here and not, by `file:`, its content.
 * @param example What to write.
 */
export function pemFileKind(example: string): Kind<string> {
  return {
    schema: { type: 'string', minLength: 1, maxLength: 1024 },
    read: (value) => {
      if (typeof value !== 'string') return bad('GH-C006', 'is not the path of a file', `write ${example}`)
      if (value.includes('-----BEGIN '))
        return bad('GH-C008', 'is the content of a file', `write its path without file:, such as ${example}`)
      // Also what would cut the path off in the operating system.
      return value === '' || value.length > 1024 || /\p{Cc}/u.test(value)
        ? bad('GH-C008', 'is not the path of a file', `write ${example}`)
        : good(value)
    },
  }
}

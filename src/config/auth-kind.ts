import type { AuthMethod } from '../core/mod.ts'
import { didYouMean } from './did-you-mean.ts'
import { bad, good, type Kind, mistaken } from './kinds.ts'

const methods = ['api-key', 'oauth', 'mtls'] as const
const words = [...methods, 'none'] as const

/** How callers prove who they are: one way, a list of ways of which any one is enough, or `none`. */
export const authKind: Kind<readonly AuthMethod[]> = {
  schema: {
    anyOf: [
      { type: 'string', enum: words },
      { type: 'array', minItems: 1, maxItems: methods.length, items: { type: 'string', enum: methods } },
    ],
  },
  read: (value) => {
    if (value === 'none') return good([])
    const list: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (list.length === 0) return bad('GH-C009', 'is an empty list', 'write none where nobody is asked')
    if (list.includes('none')) return bad('GH-C014', 'has none beside others', 'write none alone, or leave it out')
    const found = methods.filter((method) => list.includes(method))
    const wrong = list.find((one) => !methods.some((method) => method === one))
    if (wrong === undefined) return good(found)
    return mistaken('GH-C007', `is not one of ${words.join(', ')}`, {
      guess: typeof wrong === 'string' ? didYouMean(wrong, words) : null,
    })
  },
}

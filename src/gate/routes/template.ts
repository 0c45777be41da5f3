/** One segment of a path template. Names of parameters say nothing about what is matched. */
export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  /** `{id}`: any one segment that is not empty. */
  | { readonly kind: 'param' }
  /** `{rest*}`, only as the last one: whatever follows the slash before it, nothing included. */
  | { readonly kind: 'rest' }

/**
 * Takes a template apart. A slash at the end is an empty last segment and so tells two templates apart. Braces elsewhere
 * than around a whole segment stand for themselves, and so match no canonical path; the configuration refuses them.
 */
export function parseTemplate(template: string): readonly Segment[] {
  const texts = template.slice(1).split('/')
  return texts.map((text, index) => segmentOf(text, index === texts.length - 1))
}

function segmentOf(text: string, isLast: boolean): Segment {
  if (isLast && /^\{[^{}*]+\*\}$/.test(text)) return { kind: 'rest' }
  if (/^\{[^{}*]+\}$/.test(text)) return { kind: 'param' }
  return { kind: 'literal', text }
}

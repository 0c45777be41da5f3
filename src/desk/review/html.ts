/** HTML that was made here; everything else is text, and is escaped when it becomes part of it. */
export interface Html {
  readonly html: string
}

/** A template whose values are escaped, but for `Html` and lists of it. There is no way to put text in unescaped. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  return {
    html: strings.map((text, at) => (at < values.length ? text + partOf(values[at] ?? '') : text)).join(''),
  }
}

/** Text as HTML shows it, in elements and in quoted attributes. Characters that print nothing are made visible. */
export function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
    .replaceAll(invisible, '\u{FFFD}')
}

// Control characters, and those that turn the direction of what follows them (UAX 9): a path must not change what a report says.
// oxlint-disable-next-line no-control-regex -- they are what is replaced
const invisible = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

function partOf(value: string | number | Html | readonly Html[]): string {
  if (typeof value === 'string') return escaped(value)
  if (typeof value === 'number') return String(value)
  if ('html' in value) return value.html
  return value.map((one) => one.html).join('')
}

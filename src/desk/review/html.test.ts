import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { escaped, html } from './html.ts'

test('html() escapes every text that is put in, in elements and attributes', () => {
  const evil = `"><script>alert('1')</script>&\`\u202e\u0000`
  const { html: page } = html`<p title="${evil}">${evil}</p>`
  assert.equal(page.match(/</g)?.length, 2, 'only the tags of the template')
  assert.doesNotMatch(page, /[\u0000\u202e`]/) // oxlint-disable-line no-control-regex -- that they are gone
  assert.equal(page.match(/"/g)?.length, 2, 'only the quotes of the template')
})

test('escaped() leaves nothing that a parser could take for markup', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(escaped(text).replaceAll(/&#\d+;/g, ''), /[<>"'`&]/)
    }),
    { numRuns: 30 },
  )
})

test('html() takes html as it is, once', () => {
  const list = ['a<', 'b'].map((text) => html`<b>${text}</b>`)
  assert.equal(html`${list}${1}`.html, '<b>a&#60;</b><b>b</b>1')
})

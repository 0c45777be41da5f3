// What several routes may refuse with, beside `guarded`.

/** What a body may be refused for. */
export const bodied: [
  'invalid_request',
  'invalid_argument',
  'length_required',
  'body_too_large',
  'unsupported_media_type',
] = ['invalid_request', 'invalid_argument', 'length_required', 'body_too_large', 'unsupported_media_type']

/** What the control store may be refused for. */
export const stored: ['store_unreadable', 'unreachable'] = ['store_unreadable', 'unreachable']

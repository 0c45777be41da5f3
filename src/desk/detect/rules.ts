import type { Severity } from '../../core/mod.ts'

/** What a rule says of everything that it finds. */
export interface Rule {
  readonly id: RuleId
  /** Grows when the rule would find otherwise. */
  readonly version: number
  readonly severity: Severity
  readonly title: string
  readonly tags: readonly string[]
  readonly action: string
}

const owasp = (risk: string): string => `owasp:${risk}:2023`

/** Every rule that there is. */
export type RuleId =
  | 'failed-sign-ins'
  | 'failed-keys'
  | 'scope-refusals'
  | 'blocked-network'
  | 'probing'
  | 'spike-consumer'
  | 'spike-api'

/** Every rule, by its id. */
export const rules: Readonly<Record<RuleId, Rule>> = {
  'failed-sign-ins': {
    id: 'failed-sign-ins',
    version: 1,
    severity: 'high',
    title: 'Credential stuffing or password guessing',
    tags: [owasp('API2'), 'mitre:T1110', 'pci:10.4.1'],
    action: 'Block the network for a while, and look whether a sign-in succeeded',
  },
  'failed-keys': {
    id: 'failed-keys',
    version: 1,
    severity: 'medium',
    title: 'Many failed authentications',
    tags: [owasp('API2'), 'mitre:T1110.001', 'pci:10.4.1'],
    action: 'Find out who calls: a client with an old key, or somebody who guesses; block the network of a guesser',
  },
  'scope-refusals': {
    id: 'scope-refusals',
    version: 1,
    severity: 'medium',
    title: 'A caller tries what it may not do',
    tags: [owasp('API5'), 'mitre:T1078', 'pci:7.2.1'],
    action: 'Ask its owner; revoke or rotate the key when nobody can explain it',
  },
  'blocked-network': {
    id: 'blocked-network',
    version: 1,
    severity: 'low',
    title: 'Requests from a blocked network',
    tags: ['mitre:T1595', 'pci:1.4.1'],
    action: 'Nothing is to be done: they are refused. Lengthen the block when it ends too early',
  },
  probing: {
    id: 'probing',
    version: 1,
    severity: 'medium',
    title: 'Somebody looks for paths that are not there',
    tags: [owasp('API9'), 'mitre:T1595.003', 'pci:11.5.1'],
    action: 'Block the network for a while',
  },
  'spike-consumer': {
    id: 'spike-consumer',
    version: 1,
    severity: 'medium',
    title: 'A consumer sends far more than usual',
    tags: [owasp('API4'), 'mitre:T1498', 'pci:10.4.1'],
    action: 'Ask its owner; lower its limit, or rotate its key when it is not its owner who calls',
  },
  'spike-api': {
    id: 'spike-api',
    version: 1,
    severity: 'medium',
    title: 'An API gets far more than usual',
    tags: [owasp('API4'), 'mitre:T1498', 'pci:10.4.1'],
    action: 'Look who sends it, and limit whoever it is',
  },
}

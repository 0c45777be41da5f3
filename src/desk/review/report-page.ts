import { html, type Html } from './html.ts'
import { reportStyle } from './report-style.ts'
import type { Pin } from './pin.ts'
import type { CheckResult, Difference, Differences, ReviewResults, Sample, SampledRecord, Trust } from './results.ts'
import { decidedItems, type DecidedItem, type ReviewRun, type SignOff } from './run.ts'
import { samplingText } from './sample.ts'

/**
 * The report of a review as one HTML page: no script, nothing to load, light and dark, fit to print. Every text that came from a
 * caller is escaped.
 */
export function reportPage(run: ReviewRun, results: ReviewResults): string {
  const title = `Review ${run.id}`
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta http-equiv="content-security-policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${title}</title>
        <style>
          ${{ html: reportStyle }}
        </style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p>
            ${period(run)}, plan ${run.plan.name} (${run.plan.cron}
            ${run.plan.timeZone})${run.lateReason === '' ? '' : `. ${run.lateReason}`}
          </p>
        </header>
        <main>
          ${signature(run.signOff)} ${trustSection(results.trust)} ${checksSection(results.checks)}
          ${differencesSection(results.differences)} ${itemsSection(decidedItems(run, results))}
          ${sampleSection(results.sample)} ${rangesSection(results)}
        </main>
      </body>
    </html> `
  return page.html
}

function period({ period: { fromMs, toMs } }: ReviewRun): string {
  return `${moment(fromMs)} to ${moment(toMs)}`
}

function moment(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC')
}

function signature(signOff: SignOff | null): Html {
  if (signOff === null)
    return html`<section class="open">
      <h2>Not signed</h2>
      <p>This review has not been signed.</p>
    </section>`
  const { name, actor, atMs, note, statement, limitations, manifestDigest } = signOff
  return html`<section class="${limitations.length === 0 ? 'clean' : 'limited'}">
    <h2>Signed by ${name}</h2>
    <p>${statement}</p>
    ${note === '' ? html`` : html`<p>${note}</p>`}
    <dl>
      <dt>At</dt>
      <dd>${moment(atMs)}</dd>
      <dt>Acted as</dt>
      <dd>${actor}</dd>
      <dt>Manifest, SHA-256</dt>
      <dd><code>${manifestDigest}</code></dd>
    </dl>
  </section>`
}

function trustSection({ facts }: Trust): Html {
  return html`<section>
    <h2>Can this review be trusted?</h2>
    <table>
      <thead>
        <tr>
          <th>Fact</th>
          <th></th>
          <th>What was seen</th>
        </tr>
      </thead>
      <tbody>
        ${facts.map(
          (one) =>
            html`<tr class="${one.state}">
              <td>${one.title}</td>
              <td class="short">${one.state === 'ok' ? '✓ yes' : '✕ limited'}</td>
              <td>${one.text}</td>
            </tr> `,
        )}
      </tbody>
    </table>
  </section>`
}

function checksSection(checks: readonly CheckResult[]): Html {
  return html`<section>
    <h2>Checks</h2>
    <p>All ${checks.length} checks ran, also those that found nothing.</p>
    <table class="checks">
      <thead>
        <tr>
          <th>Check</th>
          <th class="number">Records</th>
          <th class="number">Things</th>
          <th>Most frequent</th>
        </tr>
      </thead>
      <tbody>
        ${checks.map(checkRow)}
      </tbody>
    </table>
  </section>`
}

function checkRow({ id, version, title, about, severity, query, hits, found, rows }: CheckResult): Html {
  return html`<tr class="${hits === 0 ? 'nothing' : severity}">
    <td>
      <strong>${title}</strong><br /><small
        >${id} version ${version}. ${about}${query === '' ? '' : ` Query: ${query}`}</small
      >
    </td>
    <td class="number">${hits}</td>
    <td class="number">${found}</td>
    <td>
      ${
        rows.length === 0
          ? html`nothing`
          : html`<ul>
              ${rows.map((row) => html`<li>${row.text} (${row.count})</li>`)}
            </ul>`
      }
    </td>
  </tr> `
}

function differencesSection({ against, before, now, entries, beyond }: Differences): Html {
  if (against === '')
    return html`<section>
      <h2>Differences</h2>
      <p>The log has nothing of the period before: there is nothing to compare with.</p>
    </section>`
  return html`<section>
    <h2>Differences from ${against}</h2>
    <p>
      ${now.requests} requests, before ${before.requests}.
      ${entries.length === 0 ? 'Nothing differs.' : 'The weightiest first.'}${beyond === 0 ? '' : ` ${beyond} more are not listed.`}
    </p>
    <ol>
      ${entries.map((one: Difference) => html`<li>${one.text} <small>weight ${one.score}</small></li> `)}
    </ol>
  </section>`
}

function itemsSection(items: readonly DecidedItem[]): Html {
  return html`<section>
    <h2>Decisions</h2>
    <table class="items">
      <thead>
        <tr>
          <th>Item</th>
          <th>Decision</th>
          <th>Note</th>
          <th>By</th>
        </tr>
      </thead>
      <tbody>
        ${items.map(itemRow)}
      </tbody>
    </table>
  </section>`
}

function itemRow({ id, severity, title, text, places, decision }: DecidedItem): Html {
  const where = places.map(({ log, seq }) => `${log} ${seq}`).join(', ')
  const until = decision === null || decision.untilMs === null ? '' : ` until ${moment(decision.untilMs)}`
  return html`<tr class="${severity}">
    <td><strong>${title}</strong><br />${text}<br /><small>${id}${where === '' ? '' : `; records ${where}`}</small></td>
    <td class="${until === '' ? 'short' : ''}">${decision === null ? 'open' : decision.disposition + until}</td>
    <td>${decision?.note ?? ''}</td>
    <td>${decision === null ? '' : `${decision.by}, ${moment(decision.atMs)}`}</td>
  </tr> `
}

function sampleSection({ seed, strata, records }: Sample): Html {
  return html`<section>
    <h2>Sample</h2>
    <table>
      <thead>
        <tr>
          <th>Stratum</th>
          <th class="number">Records</th>
          <th class="number">Drawn</th>
          <th>What it shows</th>
        </tr>
      </thead>
      <tbody>
        ${strata.map(
          (one) =>
            html`<tr>
              <td>${one.name}</td>
              <td class="number">${one.size}</td>
              <td class="number">${one.drawn}</td>
              <td>
                ${
                  one.drawn === one.size
                    ? 'all of them'
                    : `what makes up ${(one.seenPerMille / 10).toFixed(1)} % or more is seen with 95 % certainty`
                }
              </td>
            </tr> `,
        )}
      </tbody>
    </table>
    ${sampledTable(records)}
    <p>Seed <code>${seed}</code></p>
    <pre>${samplingText}</pre>
  </section>`
}

function sampledTable(records: readonly SampledRecord[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th class="number">Record</th>
        <th>When</th>
        <th>Request</th>
        <th>Answer</th>
        <th>Who</th>
      </tr>
    </thead>
    <tbody>
      ${records.map(
        (one) =>
          html`<tr>
            <td class="number">${one.seq}</td>
            <td class="short">${moment(one.atMs)}</td>
            <td>${one.method} ${one.path}<br /><small>${one.requestId}</small></td>
            <td>${one.status} ${one.outcome} ${one.reason}</td>
            <td>
              ${one.consumer === '' ? 'nobody identified' : one.consumer}<br /><small
                >${one.clientIp} ${one.userAgent}</small
              >
            </td>
          </tr> `,
      )}
    </tbody>
  </table>`
}

function rangesSection({ pins: { access, audit }, digests }: ReviewResults): Html {
  return html`<section>
    <h2>What was reviewed</h2>
    <table>
      <thead>
        <tr>
          <th>Log</th>
          <th class="number">From</th>
          <th class="number">To before</th>
          <th>Root of the first records</th>
        </tr>
      </thead>
      <tbody>
        ${[access, audit].map(
          (pin: Pin) =>
            html`<tr>
              <td>${pin.log}</td>
              <td class="number">${pin.from}</td>
              <td class="number">${pin.to}</td>
              <td><code>${pin.root}</code></td>
            </tr> `,
        )}
      </tbody>
    </table>
    ${[access, audit].map((pin: Pin) => html`<pre>${pin.checkpoint}${pin.vkey}</pre>`)}
    <dl>
      <dt>Checks, SHA-256</dt>
      <dd><code>${digests.checks}</code></dd>
      <dt>Differences, SHA-256</dt>
      <dd><code>${digests.differences}</code></dd>
      <dt>Sample, SHA-256</dt>
      <dd><code>${digests.sample}</code></dd>
    </dl>
  </section>`
}

import { Argument, type Command, Option } from 'commander'
import type { Terminal } from './terminal.ts'
import { type Common, common, type End, shown } from './verbs.ts'

/** `reviews`: regular reviews of the logs. */
export function reviewVerbs(program: Command, terminal: Terminal, end: End): void {
  const reviews = program.command('reviews').description('regular reviews of the logs, decided item by item and signed')
  common(reviews.command('ls').description('list them, and when each plan runs next')).action(
    async (options: Common) => {
      const { listReviews } = await import('./reviews.ts')
      await listReviews(await shown(options, terminal))
    },
  )
  common(
    reviews.command('due').description('list those that wait for somebody; exit code 1 when one is overdue'),
  ).action(async (options: Common) => {
    const { dueReviews } = await import('./reviews.ts')
    end(await dueReviews(await shown(options, terminal)))
  })
  common(reviews.command('run [plan]').description('run one now; the plan is daily when left out'))
    .option('--period <period>', 'previous (default), today, 2026-11-24, 24h, 7d, or two moments with / between them')
    .action(async (plan: string | undefined, options: Common & { period?: string }) => {
      const { runReview } = await import('./reviews.ts')
      const wish = { plan: plan ?? 'daily', period: options.period ?? null }
      end(await runReview(await shown(options, terminal), wish))
    })
  common(reviews.command('show <id>').description('show one: trust, checks, differences, items')).action(
    async (id: string, options: Common) => {
      const { showReview } = await import('./reviews.ts')
      await showReview(await shown(options, terminal), id)
    },
  )
  common(
    reviews
      .command('replay <id>')
      .description('run its checks again over the same records; exit code 1 when something differs'),
  ).action(async (id: string, options: Common) => {
    const { replayReview } = await import('./reviews.ts')
    end(await replayReview(await shown(options, terminal), id))
  })
  endingVerbs(reviews, terminal)
}

/** As the admin API has them, in the order of the console's keys 1 to 6. */
const dispositions = ['benign-explained', 'expected-change', 'suspicious', 'fix-required', 'accept-risk', 'cannot-tell']

function endingVerbs(reviews: Command, terminal: Terminal): void {
  const decide = reviews
    .command('decide <id> <item>')
    .addArgument(new Argument('<disposition>', 'what it is').choices(dispositions))
  common(decide.description('decide about an item, by its id or its number in `reviews show`'))
    .option('--note <text>', 'why; needed for all but a benign item of low severity', '')
    .option('--for <duration>', 'with accept-risk: how long the risk is accepted, such as 90d')
    .option('--alike', 'also decide the open items that look exactly alike')
    .action(
      async (
        id: string,
        item: string,
        disposition: string,
        options: Common & { note: string; for?: string; alike?: boolean },
      ) => {
        const { decideItem } = await import('./reviews.ts')
        const flags = { note: options.note, accept: options.for ?? null, alike: options.alike === true }
        await decideItem(await shown(options, terminal), { id, item, disposition, ...flags })
      },
    )
  common(reviews.command('sign <id>').description('sign it, for good; every item must be decided'))
    .requiredOption('--name <name>', 'who signs')
    .option('--note <text>', 'what else to say', '')
    .action(async (id: string, options: Common & { name: string; note: string }) => {
      const { signReview } = await import('./reviews.ts')
      await signReview(await shown(options, terminal), { id, name: options.name, note: options.note })
    })
  common(reviews.command('export <id>').description('write it as a file'))
    .addOption(new Option('--format <format>', 'html or json').choices(['html', 'json']).default('html'))
    .option('--out <file>', 'where to; - is standard output (default: gatehouse-review-<id>.<format>)')
    .action(async (id: string, options: Common & { format: 'html' | 'json'; out?: string }) => {
      const { exportReview } = await import('./reviews.ts')
      await exportReview(await shown(options, terminal), { id, format: options.format, out: options.out ?? null })
    })
}

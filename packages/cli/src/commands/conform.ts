import { conform as tryFeed } from '@headwater/feed'
import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'

export const conform: Command = {
  name: 'conform',
  usage: 'URL [--service NAME] [--view published|log]   the entry of a landscape, a home, or the feed itself',
  options: {
    service: { type: 'string', says: 'which service, where the URL is that of a landscape' },
    view: { type: 'string', says: 'published or log; published' },
  },
  examples: ['headwater conform / --service payments', 'headwater conform /payments/ --view log --json'],
  async run(invocation) {
    const { options, output, env } = invocation
    const asked = required(conform, invocation, 0, 'the URL of a feed')
    const { view = 'published', service } = options
    if (view !== 'published' && view !== 'log')
      throw new Ended(exitCode.usage, `Expected --view published or --view log, got "${String(view)}".`)
    const ours = asked.startsWith('/') ? await connect(invocation) : undefined
    const report = await tryFeed(ours === undefined ? asked : new URL(asked, ours.url).href, {
      view,
      ...(service === undefined ? {} : { service: String(service) }),
      ...(ours === undefined
        ? env.HEADWATER_TOKEN !== undefined && { token: env.HEADWATER_TOKEN }
        : { fetch: (input, init) => ours.fetch(String(input), init) }),
    })
    const marks = {
      passed: output.colour('green', 'passed '),
      failed: output.colour('red', 'failed '),
      skipped: 'skipped',
    }
    output.show(report, () =>
      [
        ...report.results.map(
          ({ name, level, outcome, detail }) =>
            `${marks[outcome]}  ${level.padEnd(6)}  ${name}${detail === undefined ? '' : `\n                  ${detail}`}`,
        ),
        `${report.feed} ${report.conforms ? 'conforms' : 'does not conform'}`,
      ].join('\n'),
    )
    return report.conforms ? exitCode.ok : exitCode.found
  },
}

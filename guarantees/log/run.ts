// No acknowledged event lost, no position skipped, each append its own right result: 24 writers in two processes, held and rolled-back
// transactions, cut connections, kill -9 of writers and of Postgres. Then a long snapshot, then the restore of an older backup.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { full, option, report } from '../../bench/harness/report.ts'
import { fire } from './fire.ts'
import { restore } from './restore.ts'
import { snapshot } from './snapshot.ts'

const seed = Number(option('seed', String(Date.now() % 100_000)))
const seconds = Number(
  option('for', full ? '600s' : '30s')
    .replace('m', '*60')
    .replace('s', '')
    .split('*')
    .reduce((all, part) => all * Number(part), 1),
)
const directory = await mkdtemp(join(tmpdir(), 'headwater-log-'))
try {
  const burnt = await fire({ directory, seed, seconds })
  const held = await snapshot(process.env.DATABASE_URL!, full ? 60 : 12)
  const restored = await restore(process.env.DATABASE_URL!)
  for (const wrong of [...burnt.wrong.slice(0, 20), ...restored.wrong]) console.error(wrong)
  const zero = (wrong: number) => ({ goal: '0', met: wrong === 0 })
  report(
    [
      { name: 'events in the log', value: String(burnt.events) },
      ...Object.entries(burnt.told).map(([word, count]) => ({ name: `told ${word}`, value: String(count) })),
      { name: 'connections cut between send and answer', value: String(burnt.cuts) },
      { name: 'kill -9 of writers / of Postgres', value: `${burnt.writerKills} / ${burnt.serverKills}` },
      {
        name: 'contradictions between log and answers',
        value: String(burnt.wrong.length),
        ...zero(burnt.wrong.length),
      },
      { name: 'events a reader skipped or saw change', value: String(burnt.skipped), ...zero(burnt.skipped) },
      {
        name: 'rate beside a snapshot, end ÷ start',
        value: held.ratio.toFixed(2),
        goal: '≥ 0.8',
        met: held.ratio >= 0.8,
      },
      { name: 'cursors beyond the backup that pass', value: String(restored.passed), ...zero(restored.passed) },
      { name: 'cursors up to the backup that are refused', value: String(restored.refused), ...zero(restored.refused) },
    ],
    `log: ${burnt.events} events under fire, ${burnt.wrong.length + burnt.skipped + restored.passed + restored.refused} contradictions (seed ${seed})`,
  )
} finally {
  await rm(directory, { recursive: true, force: true })
}

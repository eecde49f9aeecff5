import { createRequire } from 'node:module'
import { join } from 'node:path'

const { Session } = createRequire(join(process.argv[2], 'package.json'))('chdb')
const session = new Session()

process.on('message', ({ id, sql }) => {
  try {
    const started = performance.now()
    const text = session.query(sql, 'JSONCompactEachRow')
    const ms = performance.now() - started
    const rows = text.split('\n').filter(Boolean).map((line) => JSON.parse(line)) // prettier-ignore
    process.send({ id, rows, ms })
  } catch (error) {
    process.send({ id, error: String(error) })
  }
})
process.on('disconnect', () => process.exit(0))

import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { KafkaFailed } from './failure.ts'
import { maven } from './jars.ts'

const connector = join(import.meta.dirname, '..', '..', '..', 'connector')

/** Directories for a worker's `plugins`: the connector of this repository, built when its sources are newer. */
export async function connectorPlugins(): Promise<string[]> {
  if (!existsSync(join(connector, 'pom.xml')))
    throw new KafkaFailed(
      `Expected the connector's sources in ${connector}. Unpack its archive yourself and give its folder.`,
    )
  const built = join(connector, 'connect', 'target', 'headwater-kafka-connect-0.1.0')
  const builtAt = await stat(join(built, 'headwater-kafka-connect-0.1.0', 'lib')).then(
    (it) => it.mtimeMs,
    () => 0,
  )
  if ((await newest(connector)) > builtAt) await maven(['-f', join(connector, 'pom.xml'), 'package', '-DskipTests'])
  return [built]
}

async function newest(directory: string): Promise<number> {
  let latest = 0
  for (const entry of await readdir(directory, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name)
    if (!entry.isFile() || path.includes('/target/') || path.includes('/src/test/')) continue
    latest = Math.max(latest, (await stat(path)).mtimeMs)
  }
  return latest
}

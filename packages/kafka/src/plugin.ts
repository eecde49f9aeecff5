import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { KafkaFailed } from './failure.ts'
import { maven } from './jars.ts'

const connector = join(import.meta.dirname, '..', '..', '..', 'connector')
/** As Maven names it, by the version of the pom. */
const archive = 'headwater-kafka-connect-0.1.0'

/** Directories for a worker's `plugins`: the connector of this repository, built from its sources as they are now. */
export async function connectorPlugins(): Promise<string[]> {
  if (!existsSync(join(connector, 'pom.xml')))
    throw new KafkaFailed(
      `Expected the connector's sources in ${connector}. Unpack its archive yourself and give its folder.`,
    )
  const sources = await sourcesIn(connector)
  const hash = createHash('sha256')
  for (const path of sources) hash.update(path).update(await readFile(join(connector, path)))
  const built = join(connector, 'target', `${archive}-${hash.digest('hex').slice(0, 12)}`)
  if (!existsSync(built)) await build(sources, built)
  return [built]
}

/** Made beside its place and then moved there: two who build at once do not meet. */
async function build(sources: readonly string[], built: string): Promise<void> {
  await mkdir(join(connector, 'target'), { recursive: true })
  const beside = await mkdtemp(join(connector, 'target', '.making-'))
  try {
    for (const path of sources) await cp(join(connector, path), join(beside, path))
    await maven(['-f', join(beside, 'pom.xml'), 'package', '-DskipTests'])
    await rename(join(beside, 'connect', 'target', archive), built).catch((error: unknown) => {
      if (!existsSync(built)) throw error // another was first
    })
  } finally {
    await rm(beside, { recursive: true, force: true })
  }
}

async function sourcesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(target|src\/test)\//.test(path))
    .sort()
}

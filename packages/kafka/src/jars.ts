import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { KafkaFailed } from './failure.ts'

const pom = join(import.meta.dirname, '..', 'jars', 'pom.xml')
const resolver = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath'

/**
 * The class path of broker, worker and tools. Maven fetches the jars on first use (~110 MB, into its own repository) and is not
 * asked again while they are there.
 * @throws KafkaFailed without Java 17 or Maven, or when a jar cannot be had.
 */
export async function kafkaJars(): Promise<string> {
  const wanted = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12)
  const kept = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'headwater', `kafka-${wanted}.classpath`)
  const known = await readFile(kept, 'utf8').catch(() => undefined)
  if (known !== undefined && (await allThere(known))) return known
  await mkdir(dirname(kept), { recursive: true })
  const fresh = `${kept}.${process.pid}`
  await writeFile(fresh, '')
  await maven(['-f', pom, resolver, `-Dmdep.outputFile=${fresh}`])
  await rename(fresh, kept)
  return readFile(kept, 'utf8')
}

/** Whether Java and Maven can be run here. */
export function hasJava(): boolean {
  return ['java', 'mvn'].every((program) => spawnSync(program, ['-version'], { stdio: 'ignore' }).status === 0)
}

async function allThere(classpath: string): Promise<boolean> {
  const found = await Promise.all(
    classpath.split(delimiter).map((jar) =>
      access(jar).then(
        () => true,
        () => false,
      ),
    ),
  )
  return found.every(Boolean)
}

/** Runs Maven, quietly. */
export async function maven(args: readonly string[]): Promise<void> {
  const child = spawn('mvn', ['-q', '-B', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const outcome = await new Promise<string | undefined>((done) => {
    child.once('error', (error) => done(`could not be run (${error.message}). Install Maven 3.8 or newer and Java 17`))
    child.once('exit', (code) => done(code === 0 ? undefined : `ended with ${code}`))
  })
  if (outcome !== undefined) throw new KafkaFailed(`mvn ${args.join(' ')} ${outcome}.\n${said.slice(-2_000).trim()}`)
}

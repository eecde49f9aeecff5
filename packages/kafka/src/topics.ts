import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { KafkaFailed } from './failure.ts'
import { kafkaJars } from './jars.ts'

/**
 * Deletes the topics of a service that is gone, those of its named consumers too; answers their names.
 * @throws KafkaFailed
 */
export async function removeTopics(bootstrap: string, service: string): Promise<string[]> {
  const own = `headwater.${service}`
  const all = (await topicTool(bootstrap, '--list')).split('\n')
  const gone = all.filter((name) => name === own || name.startsWith(`${own}.for.`))
  // The tool takes names for patterns.
  const exactly = gone.map((name) => name.replaceAll('.', String.raw`\.`)).join('|')
  if (gone.length > 0) await topicTool(bootstrap, '--delete', '--topic', exactly)
  return gone
}

async function topicTool(bootstrap: string, ...args: readonly string[]): Promise<string> {
  const quiet = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-Xmx128m', '-XX:+UseSerialGC']
  const program = [...quiet, '-cp', await kafkaJars(), 'org.apache.kafka.tools.TopicCommand']
  try {
    return (await promisify(execFile)('java', [...program, '--bootstrap-server', bootstrap, ...args])).stdout
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string }
    throw new KafkaFailed(`Could not look after the topics of ${bootstrap}: ${stdout || stderr || message}`)
  }
}

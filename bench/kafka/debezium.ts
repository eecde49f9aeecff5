import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { maven } from '@headwater/kafka'

const version = '3.3.1.Final'
const artefact = `io.debezium:debezium-connector-postgres:${version}:tar.gz:plugin`

/** A plug-in directory with Debezium's connector for Postgres, by Maven. */
export async function debeziumPlugin(directory: string): Promise<string> {
  const plugin = join(directory, 'debezium')
  if (existsSync(join(plugin, 'debezium-connector-postgres'))) return plugin
  await mkdir(plugin, { recursive: true })
  const resolver = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'
  await maven([resolver, `-Dartifact=${artefact}`, `-DoutputDirectory=${directory}`, '-Dmdep.useBaseVersion=true'])
  const archive = join(directory, `debezium-connector-postgres-${version}-plugin.tar.gz`)
  await promisify(execFile)('tar', ['-xzf', archive, '-C', plugin])
  return plugin
}

/** Captures the table of events; polls fifty times as often as by default, so that it is at its promptest. */
export function debeziumConfig(postgres: string, partitions: string): Record<string, string> {
  const url = new URL(postgres)
  const json = 'org.apache.kafka.connect.json.JsonConverter'
  return {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'database.hostname': url.hostname,
    'database.port': url.port,
    'database.user': decodeURIComponent(url.username),
    'database.password': decodeURIComponent(url.password),
    'database.dbname': url.pathname.slice(1),
    'plugin.name': 'pgoutput',
    'topic.prefix': 'cdc',
    'table.include.list': 'headwater.event',
    'publication.autocreate.mode': 'filtered',
    'snapshot.mode': 'no_data',
    'poll.interval.ms': '10',
    'key.converter': json,
    'key.converter.schemas.enable': 'false',
    'value.converter': json,
    'value.converter.schemas.enable': 'false',
    'topic.creation.default.partitions': partitions,
    'topic.creation.default.replication.factor': '1',
  }
}

export const debeziumTopic = 'cdc.headwater.event'

/** What a landscape is made of; everything else follows. */
export interface Deployment {
  /** Lower-case letters, digits, hyphens. */
  readonly name: string
  /** The landscape's folder, from the root of the repository. */
  readonly folder: string
  /** Port of the entry URL on the host. */
  readonly port: number
  /** Its events in Kafka as well. */
  readonly kafka: boolean
}

type Yaml = string | number | readonly Yaml[] | { readonly [key: string]: Yaml }

const images = { postgres: 'postgres:18.1', kafka: 'apache/kafka:4.3.1', curl: 'curlimages/curl:8.16.0' }
const connectorUrl = 'http://connect:8083/connectors/headwater/config'

/** The same landscape as a compose file. */
export function composeFile(deployment: Deployment): string {
  const head = '# Rendered by `headwater render deploy/landscape.json`: change that and render again.\n'
  return `${head}${lines(composition(deployment)).join('\n')}\n`
}

/** What the compose file says: Postgres, the services and, when wanted, Kafka and Connect. */
export function composition(deployment: Deployment): { readonly [key: string]: Yaml } {
  const { name, kafka } = deployment
  const services = {
    postgres: postgres(),
    landscape: landscape(deployment),
    ...(kafka && { kafka: broker(), connect: worker(), connector: connector() }),
  }
  const volumes = { postgres: {}, landscape: {}, ...(kafka && { kafka: {} }) }
  const secrets = kafka ? { secrets: { connect_token: { file: './secrets/connect_token' } } } : {}
  return { name, services, volumes, ...secrets }
}

function postgres(): Yaml {
  return {
    image: images.postgres,
    environment: { POSTGRES_PASSWORD: '${POSTGRES_PASSWORD:?}' },
    volumes: ['postgres:/var/lib/postgresql'],
    healthcheck: { test: ['CMD', 'pg_isready', '-U', 'postgres'], interval: '5s', retries: 12 },
  }
}

function landscape({ folder, port }: Deployment): Yaml {
  return {
    build: { context: '..', dockerfile: 'deploy/Dockerfile' },
    command: ['headwater', 'dev', folder, '--host', '0.0.0.0', '--port', '4000', '--no-watch'],
    environment: { DATABASE_URL: 'postgres://postgres:${POSTGRES_PASSWORD:?}@postgres:5432/postgres' },
    ports: [`127.0.0.1:${port}:4000`],
    volumes: [`landscape:/app/${folder}/.headwater`],
    depends_on: { postgres: { condition: 'service_healthy' } },
    healthcheck: { test: ['CMD', 'node', '-e', liveness], interval: '5s', retries: 12 },
  }
}

const liveness = "fetch('http://127.0.0.1:4000/live').then(({ ok }) => process.exit(ok ? 0 : 1))"

function broker(): Yaml {
  return {
    image: images.kafka,
    environment: {
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_NODE_ID: '1',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@kafka:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:9092',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_LOG_DIRS: '/var/lib/kafka/data',
    },
    volumes: ['kafka:/var/lib/kafka/data'],
  }
}

function worker(): Yaml {
  return {
    image: images.kafka,
    command: ['/opt/kafka/bin/connect-distributed.sh', '/etc/connect/worker.properties'],
    environment: { KAFKA_HEAP_OPTS: '-Xmx384m' },
    secrets: ['connect_token'],
    volumes: [
      './worker.properties:/etc/connect/worker.properties:ro',
      '../connector/connect/target/headwater-kafka-connect-0.1.0:/opt/plugins:ro',
    ],
    depends_on: ['kafka', 'landscape'],
    restart: 'on-failure',
  }
}

/** Says what the connector should be, once the worker can be asked; said twice it changes nothing. */
function connector(): Yaml {
  const config = {
    'connector.class': 'dev.headwater.connect.FeedConnector',
    'tasks.max': '4',
    'entry.url': 'http://landscape:4000/',
    'kafka.bootstrap.servers': 'kafka:9092',
    'auth.token.file': '/run/secrets/connect_token',
  }
  const put = ['-fsS', '--retry', '60', '--retry-delay', '2', '--retry-all-errors', '-X', 'PUT']
  const body = ['-H', 'content-type: application/json', '-d', JSON.stringify(config)]
  return { image: images.curl, command: [...put, ...body, connectorUrl], depends_on: ['connect'] }
}

/** YAML in block form. */
function lines(value: { readonly [key: string]: Yaml }, indent = ''): string[] {
  return Object.entries(value).flatMap(([key, child]) => {
    if (typeof child !== 'object') return [`${indent}${key}: ${scalar(child)}`]
    if (Array.isArray(child)) return [`${indent}${key}:`, ...child.map((one) => `${indent}  - ${scalar(one)}`)]
    const inner = lines(child as { readonly [key: string]: Yaml }, `${indent}  `)
    return inner.length === 0 ? [`${indent}${key}: {}`] : [`${indent}${key}:`, ...inner]
  })
}

/** Every text is quoted, so that none is taken for a number or a boolean. */
function scalar(value: string | number): string {
  if (typeof value === 'number') return String(value)
  return value.includes("'") ? JSON.stringify(value) : `'${value}'`
}

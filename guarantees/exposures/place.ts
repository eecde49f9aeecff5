// One service in a process of its own, to be killed at any moment: place.ts NAME PORT DIRECTORY LANDSCAPE POSTGRES NAME=URL…
import { startLandscape } from '@headwater/service/landscape'
import { experiments } from '../../apps/experiments/src/index.ts'
import { giving, pots } from './services.ts'

const [name, port, directory, landscapeName, postgres, ...homes] = process.argv.slice(2)
const elsewhere = Object.fromEntries(homes.map((home) => home.split('=') as [string, string]))
const landscape = await startLandscape([], {
  postgres: postgres!,
  name: landscapeName!,
  directory: directory!,
  port: Number(port),
  lake: name === 'experiments',
  elsewhere,
  log: () => {},
})
const kept = experiments({ lake: () => landscape.lake, everyMs: 500, startAtOnce: true, secondPerson: false })
await landscape.mount(name === 'pots' ? pots : name === 'gifts' ? giving : kept)
console.log('ready')

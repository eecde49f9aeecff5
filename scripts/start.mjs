// `npm start`: the bank, from the sources, with nothing built.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'packages', 'cli', 'bin', 'headwater.mjs')
const args = ['--conditions=source', '--import', import.meta.resolve('tsx'), bin, 'dev', join(root, 'apps', 'bank')]
const child = spawn(process.execPath, [...args, ...process.argv.slice(2)], { stdio: 'inherit' })
process.on('SIGINT', () => undefined)
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))

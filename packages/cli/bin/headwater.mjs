#!/usr/bin/env node
// Installed, this runs what was built. In the project's own checkout it runs the sources, so that nothing has to be built first.
import { existsSync } from 'node:fs'

const checkout = existsSync(new URL('../../../tsconfig.base.json', import.meta.url))
if (checkout && !process.execArgv.includes('--conditions=source')) {
  const { spawn } = await import('node:child_process')
  const { fileURLToPath } = await import('node:url')
  const args = ['--conditions=source', '--import', import.meta.resolve('tsx'), fileURLToPath(import.meta.url)]
  const child = spawn(process.execPath, [...args, ...process.argv.slice(2)], { stdio: 'inherit' })
  // The terminal gives Ctrl-C to the child as well; this one only waits for how it ends.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
} else {
  const { main } = await import(checkout ? '../src/index.ts' : '../dist/index.js')
  process.exitCode = await main(process.argv.slice(2))
}

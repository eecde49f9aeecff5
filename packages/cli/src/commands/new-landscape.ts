import { existsSync } from 'node:fs'
import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { type Command, Ended, exitCode, required } from '../command.ts'
import { bankFolder, landscapeFiles, type Template, templates } from '../landscape-template.ts'

export const newLandscape: Command = {
  name: 'new landscape',
  usage: '[FOLDER/]NAME [--template empty|bank]',
  options: {
    template: {
      type: 'string',
      says: 'empty: the service that keeps experiments, and nothing else; bank: the whole example bank; empty',
    },
  },
  examples: ['headwater new landscape my-bank --template bank'],
  async run(invocation) {
    const { options, output, cwd } = invocation
    const said = required(newLandscape, invocation, 0, 'a name for the landscape')
    const folder = resolve(cwd, said)
    const name = basename(folder)
    if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
      throw new Ended(exitCode.usage, `Expected a name of lower-case letters, digits and "-", got "${name}".`)
    const template = (options.template ?? 'empty') as Template
    if (!templates.includes(template))
      throw new Ended(exitCode.usage, `Expected --template ${templates.join(' or ')}, got "${template}".`)
    const there = existsSync(folder) ? await readdir(folder) : []
    if (there.length > 0)
      throw new Ended(exitCode.failed, `Expected ${folder} to be empty or not there, found ${there[0]} in it.`)
    await mkdir(folder, { recursive: true })
    // Its tests are the project's own: they reach beyond the bank.
    if (template === 'bank')
      await cp(join(bankFolder(), 'src'), join(folder, 'src'), {
        recursive: true,
        filter: (path) => !/\.(test|fixture)\.tsx?$/.test(path),
      })
    const files = await landscapeFiles(name, template)
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    output.show({ landscape: name, folder, template }, () => `made ${folder}`)
    output.say(`next:\n  cd ${said}\n  npm install\n  npm start`)
    return exitCode.ok
  },
}

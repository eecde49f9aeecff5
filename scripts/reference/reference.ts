import { commandsPage } from './commands.ts'
import { errorsPage } from './errors.ts'
import { httpPage } from './http.ts'
import { packagePages } from './packages.ts'
import type { Page } from './page.ts'
import { settingsPage } from './settings.ts'

const index = `# Reference

Made from the declarations themselves by \`npm run docs\`; a test fails when a page is behind.

- [Commands](commands.md): everything that \`headwater\` does
- [Packages](packages.md): what each exports
- [Over HTTP](http.md): paths, relations, rights
- [Settings](settings.md): variables, and the connector's settings
- [Errors](errors.md): every code, its cause, and what helps
- [The feed format](../../spec/feed.md)
- [Glossary](../glossary.md)
`

/** Every page of \`docs/reference\`. */
export async function reference(): Promise<Page[]> {
  return [
    { path: 'README.md', text: index },
    await commandsPage(),
    ...packagePages(),
    httpPage(),
    settingsPage(),
    errorsPage(),
  ]
}

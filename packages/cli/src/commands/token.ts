import { openIssuer } from '@headwater/service/landscape'
import { type Command, Ended, exitCode } from '../command.ts'
import { homeOf, requireDevelopment } from '../connection.ts'

export const token: Command = {
  name: 'token',
  usage: '[--subject NAME] [--scope "a b"] [--ttl SECONDS]',
  options: {
    subject: { type: 'string', says: 'who it is for' },
    scope: { type: 'string', says: 'rights, with spaces between' },
    ttl: { type: 'string', says: 'seconds it holds' },
  },
  examples: ['headwater token --subject ada --scope "events:read"'],
  async run({ options, cwd, output }) {
    const directory = await homeOf(cwd)
    if (directory === undefined) {
      throw new Ended(
        exitCode.environment,
        'Expected a .headwater/ folder here or above, found none. Run `headwater dev` once.',
      )
    }
    await requireDevelopment(directory)
    const ttl = Number(options.ttl ?? 3_600)
    if (!Number.isInteger(ttl) || ttl < 1)
      throw new Ended(exitCode.usage, `Expected --ttl in whole seconds, got "${options.ttl}".`)
    const subject = String(options.subject ?? 'operator')
    const scopes = String(options.scope ?? 'events:read explore').split(/\s+/)
    const signed = await (await openIssuer(directory)).sign({ subject, scopes }, ttl)
    output.say(`for ${subject}, ${ttl} s, scopes: ${scopes.join(' ')}`)
    output.show({ token: signed, subject, scopes, expiresIn: ttl }, () => signed)
    return exitCode.ok
  },
}

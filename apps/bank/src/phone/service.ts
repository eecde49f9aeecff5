import { service } from '@headwater/service'
import { app } from './app.ts'
import { phone } from './events.ts'
import { handles } from './handle.ts'
import { live } from './live.ts'
import { accountHolders, tables as payeeTables } from './payee.ts'
import { proposing } from './proposing.ts'
import { accountScreen } from './screens/account.ts'
import { accountsScreen } from './screens/accounts.ts'
import { payScreen } from './screens/pay.ts'
import { potsScreen } from './screens/pots.ts'
import { sessionScreen } from './screens/session.ts'
import { toldScreen } from './screens/told.ts'
import { leavers, makeSecret, recognise, sessions, tables as sessionTables } from './session.ts'

/** Backend-for-frontend of the phone: its screens, made of what other services say, for the customer who is signed in. */
export default service('phone', {
  title: 'The bank on a phone',
  facts: phone,
  tables: `${sessionTables}; ${payeeTables}`,
  resources: [sessionScreen, accountsScreen, accountScreen, payScreen, potsScreen, toldScreen],
  projections: [handles, sessions],
  consumers: [accountHolders, leavers],
  experiments: [proposing],
  scopes: ['customers', 'accounts', 'payments', 'pots', 'notifications'].flatMap((name) => [
    `${name}:read`,
    `${name}:write`,
  ]),
  recognise,
  routes: { app, live },
  start: makeSecret,
})

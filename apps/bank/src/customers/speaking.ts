const prefix = 'customer:'

/** Subject of a token that speaks for one customer, and for nobody else; staff and services have other subjects. */
export const subjectFor = (customerId: string): string => `${prefix}${customerId}`

/** Whom a subject speaks for; undefined where it is no customer's. */
export const customerBehind = (subject: string | undefined): string | undefined =>
  subject?.startsWith(prefix) === true ? subject.slice(prefix.length) : undefined

/** Whether a subject may see and do what is this customer's: the customer, or whoever is no customer and has the scope. */
export function speaksFor(subject: string | undefined, customerId: string): boolean {
  const customer = customerBehind(subject)
  return customer === undefined || customer === customerId
}

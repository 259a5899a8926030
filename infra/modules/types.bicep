@export()
@description('Texts by name.')
type Texts = {
  @description('A text.')
  *: string
}

@export()
@description('A system that hands in requests for erasure.')
type Source = {
  @description('As in the policy.')
  @minLength(1)
  @maxLength(64)
  name: string

  @description('Object id of its identity: the only one that may send on its request queue.')
  @minLength(36)
  @maxLength(36)
  principalId: string
}

@export()
@description('A store whose records are erased.')
type Store = {
  @description('As in the policy.')
  @minLength(1)
  @maxLength(64)
  name: string

  @description('As in the policy.')
  kind: 'blob' | 'table' | 'cosmos'

  @description('Name of its account, which exists already.')
  @minLength(3)
  @maxLength(44)
  account: string
}

@export()
@description('A time stamp authority by RFC 3161.')
type TimeStamp = {
  @description('Its name in the ledger: lowercase letters, digits, dots, hyphens.')
  @minLength(1)
  @maxLength(64)
  name: string

  @description('Its address.')
  @minLength(1)
  address: string

  @description('File in the app\'s package with the certificates, in PEM, that its chain must end in.')
  @minLength(1)
  roots: string
}

@export()
@description('A witness by C2SP tlog-witness.')
type Witness = {
  @description('Its submission prefix, with a slash at the end.')
  @minLength(1)
  address: string

  @description('Its verifier key.')
  @minLength(1)
  key: string
}

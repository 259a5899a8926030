// The sample company, Contoso Outdoor (samples/policies/contoso-outdoor.yaml).
using 'main.bicep'

param environmentName = readEnvironmentVariable('AZURE_ENV_NAME', 'contoso-outdoor')

param origin = 'ledger.contoso-outdoor'

param policy = 'contoso-outdoor.yaml'

// The object id of each system's identity. Without one there is nothing to deploy: a queue that anybody may use is no source.
param sources = [
  { name: 'web-shop', principalId: readEnvironmentVariable('WEB_SHOP_PRINCIPAL_ID') }
  { name: 'help-desk', principalId: readEnvironmentVariable('HELP_DESK_PRINCIPAL_ID') }
  { name: 'consent', principalId: readEnvironmentVariable('CONSENT_PRINCIPAL_ID') }
]

param stores = [
  { name: 'crm', kind: 'table', account: 'contosooutdoorcrm' }
  { name: 'shop', kind: 'cosmos', account: 'contoso-outdoor-shop' }
  { name: 'logs', kind: 'blob', account: 'contosooutdoorlogs' }
  { name: 'files', kind: 'blob', account: 'contosooutdoorfiles' }
]

// Everything that the pipeline runs on, in one resource group. The stores whose records it erases are not made here: they
// exist, and who owns them gives the app's identity its roles there (docs/functions.md).
targetScope = 'resourceGroup'

import { roles } from 'modules/roles.bicep'
import { Source, Store, Texts, TimeStamp, Witness } from 'modules/types.bicep'

@description('Name of the environment: a tag of every resource.')
@minLength(1)
@maxLength(64)
param environmentName string

@description('Where everything is made.')
param location string = resourceGroup().location

@description('The sources of the policy, each with the identity of the system that hands in its requests.')
param sources Source[]

@description('The stores of the policy, each with its account.')
param stores Store[]

@description('First line of every checkpoint of the ledger, and name of its signing key. Never changed later.')
@minLength(1)
param origin string

@description('File of the policy, in the app\'s package.')
@minLength(1)
param policy string

@description('What signs the ledger beside the vault\'s key, which signs last; the first one foremost: ed25519:N, or the id of a version of a P-256 key in another vault, whose user the app then has to be.')
@minLength(1)
@maxLength(7)
param signers string[] = ['ed25519:1']

@description('Time stamp authorities that vouch for the ledger. Several are better than one.')
param timeStamps TimeStamp[] = []

@description('Witnesses that vouch for the ledger.')
param witnesses Witness[] = []

@description('Settings of the app that differ from those below (docs/functions.md).')
param otherSettings Texts = {}

@description('How often data are stored.')
param redundancy 'Standard_ZRS' | 'Standard_LRS' = 'Standard_ZRS'

@description('Days until a deleted key is gone for good. Cannot be changed later.')
@minValue(7)
@maxValue(90)
param keyRecoveryDays int = 30

@description('Whether the app was published with -p:ServiceBusTriggers=true.')
param serviceBusTriggers bool = false

@description('Instances at most; one does all the work of the flavour without triggers.')
@minValue(1)
@maxValue(1000)
param maximumInstances int = 40

var token = uniqueString(resourceGroup().id, environmentName)
var tags = { 'azd-env-name': environmentName, application: 'retention-pipeline' }
var slicesQueue = 'slices'
var operationsQueue = 'operations'
var packages = 'app-package'

// Where the address of a store stands in the settings, and how it is made of the account's name.
var storeSettings = {
  blob: 'blobServiceUri'
  table: 'tableServiceUri'
  cosmos: 'accountEndpoint'
}
var storeHosts = {
  blob: 'blob.${environment().suffixes.storage}'
  table: 'table.${environment().suffixes.storage}'
  cosmos: 'documents.azure.com'
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: 'id-retention-${token}'
  location: location
  tags: tags
}

// What is open: sealed work, rows, openings. Nothing deleted there can be brought back.
module work 'modules/account.bicep' = {
  params: {
    name: 'strpwork${token}'
    location: location
    tags: tags
    sku: redundancy
    containers: ['pipeline']
    tables: ['pipeline']
    identityName: identity.name
    roleIds: [roles.blobContributor, roles.tableContributor]
  }
}

// What happened. In an account of its own, so that it can be locked, kept and handed over apart.
module ledger 'modules/account.bicep' = {
  params: {
    name: 'strpledger${token}'
    location: location
    tags: tags
    sku: redundancy
    containers: ['ledger-wal', 'ledger', 'ledger-edge']
    containerRecoveryDays: 14
    identityName: identity.name
    roleIds: [roles.blobContributor]
  }
}

// The app's package, the locks of its timers and the host's diagnostics. The host wants to own its blobs.
module host 'modules/account.bicep' = {
  params: {
    name: 'strphost${token}'
    location: location
    tags: tags
    sku: redundancy
    containers: [packages]
    identityName: identity.name
    roleIds: [roles.blobOwner, roles.tableContributor]
  }
}

module bus 'modules/bus.bicep' = {
  params: {
    name: 'sb-retention-${token}'
    location: location
    tags: tags
    slicesQueue: slicesQueue
    operationsQueue: operationsQueue
    sources: sources
    identityName: identity.name
    isWatched: serviceBusTriggers
  }
}

module keys 'modules/vault.bicep' = {
  params: {
    name: 'kv-rp-${token}'
    location: location
    tags: tags
    recoveryDays: keyRecoveryDays
    identityName: identity.name
  }
}

module app 'modules/app.bicep' = {
  params: {
    name: 'func-retention-${token}'
    location: location
    tags: tags
    serviceName: 'app'
    identityId: identity.id
    packageContainer: '${host.outputs.blobs}${packages}'
    maximumInstances: maximumInstances
    settings: union(
      {
        AZURE_CLIENT_ID: identity.properties.clientId
        AzureWebJobsStorage__accountName: host.outputs.name
        AzureWebJobsStorage__clientId: identity.properties.clientId
        AzureWebJobsStorage__credential: 'managedidentity'
        Keys__vaultUri: keys.outputs.uri
        LedgerStorage__blobServiceUri: ledger.outputs.blobs
        Retention__actsAtOnce: '16'
        Retention_freshnessSchedule: '0 */5 * * * *'
        Retention_integrateSchedule: '*/30 * * * * *'
        Retention__lateAfter: '00:15:00'
        Retention__operationsAtOnce: '4'
        Retention_operationsQueue: operationsQueue
        Retention__origin: origin
        Retention__policy: policy
        Retention__pumpLimit: '00:20:00'
        Retention_pumpSchedule: '0 * * * * *'
        Retention_reconcileSchedule: '30 * * * * *'
        Retention__requestWindows: 'policy'
        Retention_scanSchedule: '15 * * * * *'
        Retention__signers: join(concat(signers, [keys.outputs.signingKey]), '; ')
        Retention__slicesAtOnce: '4'
        Retention_slicesQueue: slicesQueue
        Retention_tidySchedule: '0 45 * * * *'
        Retention__timeStamps: join(map(timeStamps, one => '${one.name} ${one.address} ${one.roots}'), '; ')
        Retention__times: 'azure'
        Retention__witnesses: join(map(witnesses, one => '${one.address} ${one.key}'), '; ')
        ServiceBus__fullyQualifiedNamespace: bus.outputs.host
        WorkStorage__blobServiceUri: work.outputs.blobs
        WorkStorage__tableServiceUri: work.outputs.tables
      },
      // The triggers are the host's, which does not read AZURE_CLIENT_ID.
      serviceBusTriggers
        ? {
            ServiceBus__clientId: identity.properties.clientId
            ServiceBus__credential: 'managedidentity'
          }
        : {},
      toObject(
        stores,
        // The names of settings have no dash.
        store => 'Stores__${replace(store.name, '-', '_')}__${storeSettings[store.kind]}',
        store => 'https://${store.account}.${storeHosts[store.kind]}/'
      ),
      otherSettings
    )
  }
}

@description('Name of the app, to deploy its package to.')
output appName string = app.outputs.name

@description('Address of the app.')
output appAddress string = app.outputs.address

@description('Object id of the app\'s identity: whoever owns a store gives it its role there.')
output appPrincipalId string = identity.properties.principalId

@description('Host name of the Service Bus, which the sources are told.')
output serviceBusHost string = bus.outputs.host

@description('Address of the vault.')
output vaultUri string = keys.outputs.uri

@description('Account of the ledger, whose public files anyone may be given.')
output ledgerAccount string = ledger.outputs.name

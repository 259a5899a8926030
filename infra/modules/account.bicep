// A storage account without keys: who is let in is said by roles alone.
import { Texts } from 'types.bicep'

@description('Name of the account.')
@minLength(3)
@maxLength(24)
param name string

@description('Where it is.')
param location string

@description('Tags of the account.')
param tags Texts

@description('How often its data are stored. Zone-redundant by default: what a zone loses, no region has.')
param sku 'Standard_ZRS' | 'Standard_LRS'

@description('Its blob containers.')
param containers string[]

@description('Its tables.')
param tables string[] = []

@description('Days for which a deleted container can be brought back; none where what is deleted has to be gone.')
@minValue(1)
@maxValue(365)
param containerRecoveryDays int?

@description('Name of the identity that works in it.')
param identityName string

@description('Ids of the roles that it has there.')
param roleIds string[]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }

  resource blobs 'blobServices' = {
    name: 'default'
    properties: {
      deleteRetentionPolicy: { enabled: false }
      containerDeleteRetentionPolicy: containerRecoveryDays == null
        ? { enabled: false }
        : { enabled: true, days: containerRecoveryDays! }
      isVersioningEnabled: false
    }

    resource container 'containers' = [
      for container in containers: {
        name: container
        properties: { publicAccess: 'None' }
      }
    ]
  }

  resource tableService 'tableServices' = if (!empty(tables)) {
    name: 'default'

    resource table 'tables' = [
      for table in tables: {
        name: table
      }
    ]
  }
}

resource access 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for roleId in roleIds: {
    scope: account
    name: guid(account.id, identity.id, roleId)
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
    }
  }
]

@description('Name of the account.')
output name string = account.name

@description('Address of its blobs.')
output blobs string = account.properties.primaryEndpoints.blob

@description('Address of its tables.')
output tables string = account.properties.primaryEndpoints.table

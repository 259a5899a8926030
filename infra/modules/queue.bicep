// One queue, and who may send to it or receive from it. The figures are those of the local endpoint
// (Adapters/Queues/QueueBehaviour): the pump renews locks, so a lock is short and a killed instance's work comes back soon.

@description('The namespace that it is in.')
param namespaceName string

@description('Name of the queue.')
@minLength(1)
@maxLength(260)
param name string

@description('Name of the identity of the app.')
param identityName string

@description('Ids of the roles that the app has there.')
param appRoleIds string[]

@description('Object id of the identity of the one other system that uses it.')
param sourcePrincipalId string?

@description('Id of the role that this system has there.')
param sourceRoleId string?

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' existing = {
  name: identityName
}

resource bus 'Microsoft.ServiceBus/namespaces@2024-01-01' existing = {
  name: namespaceName
}

resource queue 'Microsoft.ServiceBus/namespaces/queues@2024-01-01' = {
  parent: bus
  name: name
  properties: {
    // A message outlives every repair of the reconciler; one that nobody took by then is put aside, not dropped.
    deadLetteringOnMessageExpiration: true
    defaultMessageTimeToLive: 'P14D'
    duplicateDetectionHistoryTimeWindow: 'PT10M'
    lockDuration: 'PT1M'
    maxDeliveryCount: 10
    requiresDuplicateDetection: true
  }
}

resource appAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for roleId in appRoleIds: {
    scope: queue
    name: guid(queue.id, identity.id, roleId)
    properties: {
      principalId: identity.properties.principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roleId)
    }
  }
]

resource sourceAccess 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (sourcePrincipalId != null) {
  scope: queue
  name: guid(queue.id, sourcePrincipalId!, sourceRoleId!)
  properties: {
    principalId: sourcePrincipalId!
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', sourceRoleId!)
  }
}

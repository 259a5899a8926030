// The namespace with all queues. Nobody has a role on the namespace itself, and it has no keys.
import { roles } from 'roles.bicep'
import { Source, Texts } from 'types.bicep'

@description('Name of the namespace.')
@minLength(6)
@maxLength(50)
param name string

@description('Where it is.')
param location string

@description('Tags of the namespace.')
param tags Texts

@description('Name of the queue of slices.')
param slicesQueue string

@description('Name of the queue of operations.')
param operationsQueue string

@description('The sources of the policy.')
param sources Source[]

@description('Name of the identity of the app.')
param identityName string

@description('Whether Functions watches the two queues of the pipeline to add instances: it counts their messages.')
param isWatched bool

resource bus 'Microsoft.ServiceBus/namespaces@2024-01-01' = {
  name: name
  location: location
  tags: tags
  sku: {
    name: 'Standard'
    tier: 'Standard'
  }
  properties: {
    disableLocalAuth: true
    minimumTlsVersion: '1.2'
  }
}

module own 'queue.bicep' = [
  for queue in [slicesQueue, operationsQueue]: {
    params: {
      namespaceName: bus.name
      name: queue
      identityName: identityName
      appRoleIds: concat([roles.busSender, roles.busReceiver], isWatched ? [roles.busOwner] : [])
    }
  }
]

module requests 'queue.bicep' = [
  for source in sources: {
    params: {
      namespaceName: bus.name
      name: 'requests-${source.name}'
      identityName: identityName
      appRoleIds: [roles.busReceiver]
      sourcePrincipalId: source.principalId
      sourceRoleId: roles.busSender
    }
  }
]

module replies 'queue.bicep' = [
  for source in sources: {
    params: {
      namespaceName: bus.name
      name: 'replies-${source.name}'
      identityName: identityName
      appRoleIds: [roles.busSender]
      sourcePrincipalId: source.principalId
      sourceRoleId: roles.busReceiver
    }
  }
]

@description('Host name of the namespace.')
output host string = split(split(bus.properties.serviceBusEndpoint, '/')[2], ':')[0]

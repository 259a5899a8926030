// The Functions app on Flex Consumption. Its package and the host's own state are in an account of the host.
import { Texts } from 'types.bicep'

@description('Name of the app.')
@minLength(2)
@maxLength(60)
param name string

@description('Where it is.')
param location string

@description('Tags of plan and app.')
param tags Texts

@description('Name of its service in azure.yaml.')
param serviceName string

@description('Id of the user-assigned identity that it runs as.')
param identityId string

@description('Container of its package.')
param packageContainer string

@description('All of its settings.')
param settings Texts

@description('Instances at most.')
@minValue(1)
@maxValue(1000)
param maximumInstances int

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  name: name
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': serviceName })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    functionAppConfig: {
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: maximumInstances
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageContainer
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
    }
    siteConfig: {
      minTlsVersion: '1.2'
    }
  }

  resource values 'config' = {
    name: 'appsettings'
    properties: settings
  }

  // Packages come with the identity of who deploys, never with a password.
  resource scmPassword 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource ftpPassword 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }
}

@description('Name of the app.')
output name string = app.name

@description('Where its pages and its health are.')
output address string = 'https://${app.properties.defaultHostName}'

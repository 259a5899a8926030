@export()
@description('Ids of the built-in roles that are given here: none that manages a resource, none that gives a role.')
var roles = {
  blobContributor: 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
  blobOwner: 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
  busOwner: '090c5cfd-751d-490a-894a-3ce6f1109419'
  busReceiver: '4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0'
  busSender: '69a216fc-b8fb-44d8-bc22-1f3c2cd27a39'
  cryptoUser: '12338af0-0e69-4776-bea7-57ae8d297424'
  secretsOfficer: 'b86a8fe4-44ce-4948-aee5-eccb2c155cd7'
  tableContributor: '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
}

namespace RetentionPipeline.Stores.Tests.Accounts;

[OnAccount(TestAccounts.Storage)]
public sealed class TableRecordStoreOnAccountTests(AccountStorage account) : TableStoreContract(account), IClassFixture<AccountStorage>;

[OnAccount(TestAccounts.Storage)]
public sealed class BlobRecordStoreOnAccountTests(AccountStorage account) : BlobStoreContract(account), IClassFixture<AccountStorage>;

[OnAccount(TestAccounts.Storage)]
public sealed class BlobObjectStoreOnAccountTests(AccountStorage account) : BlobObjectStoreContract(account), IClassFixture<AccountStorage>;

[OnAccount(TestAccounts.Storage)]
public sealed class TableRowStoreOnAccountTests(AccountStorage account) : TableRowStoreContract(account), IClassFixture<AccountStorage>;

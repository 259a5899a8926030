namespace RetentionPipeline.Infra.Tests.Bicep;

/// <summary>The templates compile, are clean by the linter's rules, all of them errors, and are formatted.</summary>
public sealed class BicepTests(BicepSession bicep) : IClassFixture<BicepSession>
{
    [Fact]
    public async Task No_file_draws_a_diagnostic_of_any_level()
    {
        using var folder = InfraFolder.OfRepository();
        Assert.True(folder.Sources().Count > 5);
        foreach (var file in folder.Sources())
        {
            Assert.Empty((await bicep.CompileAsync(folder.File(file))).Diagnostics);
        }
    }

    [Fact]
    public async Task Each_file_is_formatted()
    {
        using var folder = InfraFolder.OfRepository();
        foreach (var file in folder.Sources())
        {
            Assert.Equal(await File.ReadAllTextAsync(folder.File(file)), await bicep.FormatAsync(folder.File(file)));
        }
    }

    [Theory]
    [InlineData("main.bicep", "var packages =", "var unused = 1\nvar packages =", "no-unused-vars")]
    [InlineData("main.bicep", "param origin string", "param origin string\n\n@description('x')\nparam other string", "no-unused-params")]
    [InlineData("main.bicep", "location: location", "location: 'westeurope'", "no-hardcoded-location")]
    [InlineData("main.bicep", "documents.azure.com", "management.azure.com", "no-hardcoded-env-urls")]
    [InlineData("modules/account.bicep", "output name string = account.name", "output name string = account.listKeys().keys[0].value", "outputs-should-not-contain-secrets")]
    [InlineData("modules/account.bicep", "allowSharedKeyAccess", "allowSharedKeyAcces", "BCP089")]
    [InlineData("modules/queue.bicep", "'P14D'", "14", "BCP036")]
    public async Task What_is_planted_draws_one(string file, string text, string instead, string code)
    {
        using var folder = InfraFolder.Altered(new Alteration(file, text, instead));
        Assert.Contains((await bicep.CompileAsync(folder.File("main.bicep"))).Diagnostics, found => found.Contains(code, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_source_without_an_identity_stops_the_build()
    {
        using var folder = InfraFolder.Altered(new Alteration("main.bicepparam", "CONSENT_PRINCIPAL_ID", "NOBODYS_PRINCIPAL_ID"));
        Assert.Contains((await bicep.CompileAsync(folder.Parameters)).Diagnostics, found => found.Contains("NOBODYS_PRINCIPAL_ID", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_not_formatted_is_seen()
    {
        using var folder = InfraFolder.Altered(new Alteration("main.bicep", "var packages = 'app-package'", "var packages='app-package'"));
        Assert.NotEqual(await File.ReadAllTextAsync(folder.File("main.bicep")), await bicep.FormatAsync(folder.File("main.bicep")));
    }
}

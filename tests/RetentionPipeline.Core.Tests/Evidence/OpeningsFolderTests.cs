using RetentionPipeline.Core.Evidence;

namespace RetentionPipeline.Core.Tests.Evidence;

/// <summary>What is read of files that somebody else wrote, or an older version.</summary>
public sealed class OpeningsFolderTests : IDisposable
{
    private const string Hold = "22222222-2222-5222-8222-222222222222";
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("openings-");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("""{"epochs":[{"epoch":2,"subjects":["a"]}]}""", 1)]
    [InlineData("""{"epochs":[]}""", 0)]
    [InlineData("""{"subjects":["a"],"record":null}""", null)]
    [InlineData("""{"epochs":[{"epoch":2}]}""", null)]
    public void A_hold_of_an_older_form_is_as_if_it_was_not_there(string text, int? epochs)
    {
        Directory.CreateDirectory(Path.Combine(folder.FullName, "holds"));
        File.WriteAllText(Path.Combine(folder.FullName, "holds", Hold + ".json"), text);
        Assert.Equal(epochs, new OpeningsFolder(folder.FullName).FindHold(Hold)?.Epochs.Count);
    }
}

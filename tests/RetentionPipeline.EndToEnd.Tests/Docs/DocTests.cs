using RetentionPipeline.Core.Policies;
using RetentionPipeline.EndToEnd.Tests.Oracle;

namespace RetentionPipeline.EndToEnd.Tests.Docs;

/// <summary>What README and the pages of docs tell people to type, typed.</summary>
public sealed class DocTests
{
    private static readonly IReadOnlyList<DocBlock> Blocks = DocBlock.OfRepository(Repository.Root);

    /// <summary>One reader types them all, README first, in one folder: the local run that several keep up is started once.</summary>
    [Fact]
    public async Task The_commands_of_the_documents_work_in_their_order()
    {
        var typed = Blocks.Where(block => block.Mark is DocBlock.Run or DocBlock.Keep).ToList();
        Assert.True(typed.Select(block => block.File).Distinct().Count() > 2);
        var failure = await FirstFailureAsync(typed);
        Assert.True(failure is null, failure);
    }

    [Fact]
    public void Each_shell_block_is_run_or_says_that_it_takes_a_person() =>
        Assert.DoesNotContain(Blocks, block => block.Mark.StartsWith("sh", StringComparison.Ordinal)
            && block.Mark is not (DocBlock.Run or DocBlock.Keep or DocBlock.ByHand));

    [Fact]
    public void Each_block_that_names_a_file_is_part_of_it()
    {
        var quoted = Blocks.Where(block => block.FileOf is not null).ToList();
        Assert.NotEmpty(quoted);
        Assert.All(quoted, block => Assert.True(IsPartOf(block, Repository.Root), block.ToString()));

        var other = Assert.Single(DocBlock.Parse("page.md", "```js samples/senders/javascript/send.js\nsend();\n```\n"));
        Assert.False(IsPartOf(other, Repository.Root));
    }

    [Fact]
    public void Each_policy_of_a_document_has_no_problem()
    {
        var policies = Blocks.Where(block => block.Mark == DocBlock.Policy).ToList();
        Assert.NotEmpty(policies);
        Assert.All(policies, block => Assert.Empty(ProblemsOf(block)));
    }

    [Fact]
    public async Task A_command_that_fails_is_told_with_its_place_and_what_it_said()
    {
        var blocks = DocBlock.Parse("page.md", "Text\n```sh run\ntrue\n```\n```sh run\nfalse | cat\n```\n```sh run\necho never\n```\n");
        Assert.Equal("page.md:5 (sh run) ended with 1:\n", await FirstFailureAsync(blocks));

        var kept = DocBlock.Parse("page.md", "```sh run keep\necho not up\n```\n");
        Assert.Equal("page.md:1 (sh run keep) ended with -1:\nnot up\n", await FirstFailureAsync(kept));
    }

    [Fact]
    public async Task A_tool_that_is_called_wrongly_fails_its_document()
    {
        var blocks = DocBlock.Parse("page.md", "```sh run\nretention policy lint missing.yaml\n```\n");
        Assert.StartsWith("page.md:1 (sh run) ended with 2:", await FirstFailureAsync(blocks), StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_with_a_mistake_is_told()
    {
        var block = Assert.Single(DocBlock.Parse("page.md", "```yaml policy\nversion: 9\n```\n"));
        Assert.NotEmpty(ProblemsOf(block));
    }

    [Fact]
    public void A_block_without_an_end_is_told() =>
        Assert.Equal("page.md:2: the block has no end.", Assert.Throws<FormatException>(() => DocBlock.Parse("page.md", "a\n```sh\nb")).Message);

    private static async Task<string?> FirstFailureAsync(IEnumerable<DocBlock> blocks)
    {
        await using var terminal = new DocTerminal(Repository.Root);
        foreach (var block in blocks)
        {
            var (code, output) = block.Mark switch
            {
                DocBlock.Run => await terminal.RunAsync(block.Text),
                DocBlock.Keep => await terminal.KeepAsync(block.Text),
                _ => (0, ""),
            };
            if (code != 0)
            {
                return $"{block} ended with {code}:\n{output}";
            }
        }

        return null;
    }

    private static bool IsPartOf(DocBlock block, string root) =>
        File.ReadAllText(Path.Combine(root, block.FileOf!)).Contains(block.Text.TrimEnd() + "\n", StringComparison.Ordinal);

    private static IEnumerable<string> ProblemsOf(DocBlock block) =>
        PolicyDocument.Load(block.Text, block.File).Problems.Select(problem => $"{block.File}:{block.Line + problem.Line}: {problem.Message}");
}

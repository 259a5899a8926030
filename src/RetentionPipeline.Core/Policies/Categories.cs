namespace RetentionPipeline.Core.Policies;

/// <summary>The categories of personal data that a dataset may declare.</summary>
public static class Categories
{
    /// <summary>In the order of the register.</summary>
    public static readonly IReadOnlyList<string> All =
    [
        "name-contact", "credentials", "demographic", "payment", "purchase-history", "product-use", "device", "network",
        "environment", "error-reports", "support", "precise-location", "imprecise-location", "social-profile",
        "posts-reviews", "contacts", "promotions", "inferred-interests", "email-opens", "cookie-id",
        "marketing-preference", "device-management", "child",
    ];
}

namespace AnycastVip.BgpSpeaker.Tests.Wire;

/// <summary>Runs every vector against the decoders; of what a session decides, only the decoding.</summary>
public sealed class VectorTests
{
    public static TheoryData<string> Names => [.. VectorFiles.All.Select(vector => vector.Name)];

    [Fact]
    public void Every_row_has_a_vector_and_every_vector_a_row() =>
        Assert.Equal(VectorFiles.Rows.Order(), VectorFiles.All.Select(vector => vector.Row).Distinct().Order());

    [Fact]
    public void Vector_names_are_unique() =>
        Assert.Equal(VectorFiles.All.Count, VectorFiles.All.DistinctBy(vector => vector.Name).Count());

    [Theory]
    [MemberData(nameof(Names))]
    public void The_decoders_react_as_the_vector_says(string name)
    {
        var vector = VectorFiles.All.Single(vector => vector.Name == name);
        var reaction = Reaction.To(vector, segmentLength: int.MaxValue);

        Assert.Contains(vector.Layer, Reaction.Layers);
        Assert.Contains(vector.State, (string[])["openSent", "openConfirm", "established"]);
        if (vector.Layer == "session")
        {
            Assert.Null(reaction.Notification);
            return;
        }
        if (vector.Reaction == "notification")
        {
            Assert.NotNull(reaction.Notification);
            Assert.Equal((vector.Code, vector.Subcode),
                ((byte)reaction.Notification.Code, reaction.Notification.Subcode));
            if (vector.Data is not null)
                Assert.Equal(Convert.ToHexStringLower(vector.Data), reaction.Notification.Data.ToString());
        }
        else
        {
            Assert.Null(reaction.Notification);
        }
        Assert.Equal(vector.Facts.Order(), reaction.Facts.Order());
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void One_octet_per_segment_makes_no_difference(string name)
    {
        var vector = VectorFiles.All.Single(vector => vector.Name == name);

        var whole = Reaction.To(vector, segmentLength: int.MaxValue);
        var split = Reaction.To(vector, segmentLength: 1);

        Assert.Equal(whole.Notification, split.Notification);
        Assert.Equal(whole.Facts, split.Facts);
    }
}

namespace AnycastVip.Lab.Tests.Fixture;

/// <summary>A node in which the tests run speakers.</summary>
/// <inheritdoc cref="LabNode"/>
internal sealed class SpeakerNode(DeployedLab lab, string name) : LabNode(lab, name)
{
    /// <inheritdoc cref="RunningSpeaker.Start"/>
    public Task<RunningSpeaker> StartSpeaker(string configuration) => RunningSpeaker.Start(Lab, Name, configuration);
}

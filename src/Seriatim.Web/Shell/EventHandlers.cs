using Microsoft.AspNetCore.Components;

namespace Seriatim.Web.Shell;

/// <summary>Events of our own, which <c>page.js</c> makes: razor finds them by the name of this class.</summary>
[EventHandler("onpick", typeof(PickEventArgs), enableStopPropagation: true, enablePreventDefault: true)]
public static class EventHandlers;
